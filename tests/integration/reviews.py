"""AdmissionReviews as API servers send them, of objects as their users wrote them."""
import base64
import json
import uuid

POD_SPECS = {"Pod": ("spec",), "PodTemplate": ("template", "spec"), "CronJob": ("spec", "jobTemplate", "spec", "template", "spec")}
GROUPS = {"Deployment": "apps", "ReplicaSet": "apps", "StatefulSet": "apps", "DaemonSet": "apps", "Job": "batch", "CronJob": "batch"}
KINDS = ["Pod", "PodTemplate", "ReplicationController", *GROUPS]


def pod_spec(*images, initial=(), ephemeral=(), volumes=(), **more):
    def containers(prefix, names):
        return [{"name": f"{prefix}{number}", "image": image, "imagePullPolicy": "IfNotPresent"} for number, image in enumerate(names)]
    spec = {"containers": containers("c", images), "restartPolicy": "Always", **more}
    if initial:
        spec["initContainers"] = containers("i", initial)
    if ephemeral:
        spec["ephemeralContainers"] = containers("e", ephemeral)
    if volumes:
        spec["volumes"] = [{"name": "none", "emptyDir": {}}] + [{"name": f"v{number}", "image": {"reference": image}}
                                                              for number, image in enumerate(volumes)]
    return spec


def thing(kind, spec, name="web", namespace="shop", annotations=None, **metadata):
    """An object of that kind around the spec of a Pod."""
    group = GROUPS.get(kind, "")
    value = spec
    for member in reversed(POD_SPECS.get(kind, ("spec", "template", "spec"))):
        value = {member: value}
    return {"apiVersion": f"{group}/v1".lstrip("/"), "kind": kind,
            "metadata": {"name": name, "namespace": namespace, "annotations": annotations or {}, **metadata}, **value}


def review(item, operation="CREATE", old=None, user="alice", groups=("system:authenticated",), dry_run=False, **more):
    """The review of an object; `more` replaces members of the request."""
    kind, metadata = item["kind"], item["metadata"]
    group = GROUPS.get(kind, "")
    of = {"group": group, "version": "v1", "kind": kind}
    resource = {"group": group, "version": "v1", "resource": kind.lower() + "s"}
    request = {"uid": str(uuid.uuid4()), "kind": of, "resource": resource, "requestKind": of, "requestResource": resource,
               "name": metadata.get("name", ""), "namespace": metadata.get("namespace", ""), "operation": operation,
               "userInfo": {"username": user, "groups": list(groups)},
               "object": None if operation in ("DELETE", "CONNECT") else item, "oldObject": old, "dryRun": dry_run,
               "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"}, **more}
    return {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request}


def ask(server, body, webhook="validate", path="", **options):
    """The `response` of the answer, which is checked as an API server does it."""
    answer = server.request("POST", f"/admission/{webhook}{path}?timeout=10s", json=body, **options)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (said["apiVersion"], said["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
    assert said["response"]["uid"] == body["request"]["uid"]
    return said["response"]


def patched(item, response):
    """The object after the patch of a mutating webhook."""
    item = json.loads(json.dumps(item))
    if "patch" not in response:
        return item
    assert response["patchType"] == "JSONPatch"
    for step in json.loads(base64.b64decode(response["patch"])):
        assert step["op"] == "replace"
        *parents, last = step["path"].lstrip("/").split("/")
        place = item
        for part in parents:
            place = place[int(part)] if isinstance(place, list) else place[part]
        assert last in place
        place[last] = step["value"]
    return item
