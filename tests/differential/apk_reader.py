"""apk's database of installed packages, read as apk-tools' apk_db_fdb_read() and apk_pkgtmpl_add_info() read it: a second
reader beside Assay's, which shares nothing with it. It was compared with apk 2.14.4 and 3.0.6 on some thousand records; README.md says how."""
import re

CHECKSUM = re.compile(rb"Q1[A-Za-z0-9+/]{27}=|Q2[A-Za-z0-9+/]{43}=|[0-9a-f]{40}")


class Broken(Exception):
    """apk would not open such a database."""


def read(data):
    """([(name, version, architecture, origin)], the same of those that apk may not list). Packages are told apart by their
    checksums: of two with the same one apk lists the first, or breaks down. A last record whose last line has no end is
    read and not listed."""
    found, doubtful, record = {}, [], {}
    lines = data.split(b"\n")
    # A last line without its newline is read; what follows the last newline is an empty line, which ends a record.
    for number, line in enumerate(lines, 1):
        if len(line) < 2:
            if number == len(lines) and line:
                break  # no end of a record, as its own line has none
            if b"P" not in record:
                continue
            end_record(record, found, doubtful)
            record = {}
            continue
        field, value = line[:1], line[2:]
        if line[1:2] != b":":
            raise Broken(f"line {number} has no colon")
        take(record, field, value, number)
    if {b"P", b"V", b"C"} <= set(record):
        end_record(record, {record[b"C"]: None}, doubtful)
    return list(found.values()), doubtful


def take(record, field, value, number):
    if field in (b"P", b"V", b"A", b"o", b"C"):
        record[field] = value
    elif field in (b"F", b"R", b"a", b"M", b"Z"):
        if field == b"F" and b"P" not in record or field == b"R" and b"F" not in record or \
                field in b"aZ" and b"R" not in record or field == b"M" and b"F" not in record:
            raise Broken(f"line {number}: nothing for {field.decode()} to belong to")
        record[field] = value


def end_record(record, found, doubtful):
    if not {b"P", b"V", b"C"} <= set(record) or not CHECKSUM.fullmatch(record[b"C"]):
        raise Broken("a package without name, version or checksum")
    package = tuple(record.get(key, b"").decode("utf-8", "surrogateescape") for key in (b"P", b"V", b"A", b"o"))
    if record[b"C"] in found:
        doubtful.append(package)
    else:
        found[record[b"C"]] = package
