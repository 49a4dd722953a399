"""A release whose image is not to be had: the pods of before serve on until it is undone, and no request fails."""

from checks import until
from cluster import get, kubectl, lacks_image, pods, scale, settled
from load import Load

NAME = "svc-catalog"


def a_bad_image_stops_nothing_and_is_undone(shop):
    scale(2, NAME)
    with Load(shop) as load:
        kubectl("set", "image", f"deployment/{NAME}", f"main=tradewind/{NAME}:no-such-tag")
        until("a pod that waits for its image", lambda: any(map(lacks_image, pods(NAME))))
        assert get("deployment", NAME)["status"]["availableReplicas"], "nobody serves any more"
        seen = load.orders
        until("orders meanwhile", lambda: load.has(seen + 20))
        kubectl("rollout", "undo", f"deployment/{NAME}")
        settled(NAME)
        assert not any(map(lacks_image, pods(NAME)))
    return load.unharmed()
