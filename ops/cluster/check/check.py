"""What the mesh does in a cluster (docs/KUBERNETES.md): check.py URL [WORD...]

Tries what has one of the words in its name, or everything, and tells what each took. ADMIN_EMAIL and
ADMIN_PASSWORD are those of an administrator; ORDERS is how many orders come in while pods come and go.
KEEP says that the cluster goes on to be used: what would leave it other than it was is tried only by its name.
"""

import functools
import os
import sys

import connections
import disruption
import images
import ingress
import memory
import purchase
import registry
import restarts
import scaling
import sealed
import security
import standby
import streams
import versions
import zones
from checks import tried
from shop import Shop

# Functions of a shop; what they return is told of them, and their names say what holds.
CHECKS = [
    purchase.a_purchase_ends_with_a_shipment,
    memory.an_idle_pod_takes_no_more_than_it_requests,
    security.pods_that_may_too_much_are_refused,
    connections.connections_are_those_that_are_asked_for,
    ingress.the_ingress_speaks_rest_streams_and_grpc_in_tls,
    sealed.a_sealed_secret_is_opened_where_it_is_meant_for,
    registry.what_is_pushed_to_the_registry_is_what_a_node_runs,
    restarts.a_rolling_restart_loses_no_request,
    restarts.pods_that_are_deleted_lose_no_request,
    images.a_bad_image_stops_nothing_and_is_undone,
    versions.two_versions_serve_on_the_tables_of_the_next,
    scaling.load_makes_pods_and_rest_ends_them,
    disruption.of_two_pods_one_may_be_evicted,
    zones.a_zone_is_drained_of_three,
]
# After these the cluster is another one.
LAST = [
    streams.the_leader_of_three_servers_of_nats_is_lost,
    standby.a_standby_of_postgres_takes_over,
]


def given(shop, check):
    @functools.wraps(check)
    def with_shop():
        return check(shop)

    return with_shop


def main(url, *words):
    shop = Shop(url, os.environ["ADMIN_EMAIL"], os.environ["ADMIN_PASSWORD"])
    todo = CHECKS if os.environ.get("KEEP") and not words else [*CHECKS, *LAST]
    failed = 0
    todo = [given(shop, check) for check in todo]
    for name, held, remark, seconds in tried(todo, words):
        failed += not held
        print(f"{'ok' if held else 'FAILED':<8}{seconds:6.1f} s  {name:<52} {remark}", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) > 0)
