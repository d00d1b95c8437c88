"""Makes an image that shows a difference as small as it can be and still show it."""
import itertools


def without(items, index):
    return items[:index] + items[index + 1:]


def simpler_layer(layer):
    """Layers that have one thing less."""
    for key in [key for key in layer if key != "entries"]:
        yield {name: value for name, value in layer.items() if name != key}
    for index, entry in enumerate(layer["entries"]):
        yield {**layer, "entries": without(layer["entries"], index)}
        for other in simpler_entry(entry):
            yield {**layer, "entries": [*layer["entries"][:index], other, *layer["entries"][index + 1:]]}


def simpler_entry(entry):
    if isinstance(entry[-1], dict):
        yield entry[:-1]
    name = entry[1]
    plain = "/".join(part for part in name.split("/") if part not in ("", "."))
    if plain != name and plain:
        yield (entry[0], plain, *entry[2:])
    if entry[0] == "file" and not entry[2].startswith("@"):
        stanzas = entry[2].split("\n\n")
        for index in (index for index, text in enumerate(stanzas) if text.strip() and len(stanzas) > 1):
            yield ("file", name, "\n\n".join(without(stanzas, index)), *entry[3:])


def simpler(image):
    for index in range(len(image) if len(image) > 1 else 0):
        yield without(image, index)
    for index, layer in enumerate(image):
        for other in simpler_layer(layer):
            yield [*image[:index], other, *image[index + 1:]]


def shrink(image, fails, tries=400):
    """fails(image): whether it still shows the same difference. What was found not to be needed at one place is not tried
    again from the start: the search goes on where it is, and ends after a round in which nothing went."""
    going = True
    while going:
        going, place = False, 0
        while tries > 0:
            candidate = next(itertools.islice(simpler(image), place, None), None)
            if candidate is None:
                break
            tries -= 1
            if fails(candidate):
                image, going = candidate, True
            else:
                place += 1
    return image
