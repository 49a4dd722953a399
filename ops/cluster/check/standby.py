"""Postgres with a standby that it waits for: the primary is killed while orders come in, the standby promoted and
put into its place. What failed meanwhile was told so, and each order that was answered is there, with its one
shipment."""

import copy

from checks import until
from cluster import apply, get, in_postgres, kubectl, seconds_until
from load import Load

NAME = "postgres-standby"
# As the image makes a database, but of the other's; what is read before it serves is that of POSTGRES_*.
SCRIPT = """
export PGPASSWORD="$POSTGRES_PASSWORD"
pg_basebackup --host postgres --username "$POSTGRES_USER" --pgdata "$PGDATA" \
    --wal-method stream --write-recovery-conf --checkpoint fast
exec postgres -c listen_addresses=* -c max_connections=200
"""


def a_standby_of_postgres_takes_over(shop):
    begin_standby()
    with Load(shop) as load:
        until("orders", lambda: load.has(50))
        # Without the time to say farewell; and no other comes in its place.
        kubectl("scale", "statefulset", "postgres", "--replicas=0")
        kubectl("delete", "pod", "postgres-0", "--grace-period=0", "--force", "--ignore-not-found")
        seen = load.orders
        kubectl("exec", NAME, "--", "psql", "--username", "tradewind", "--quiet", "--command", "SELECT pg_promote()")
        kubectl("label", "pod", NAME, "--overwrite", "app.kubernetes.io/name=postgres")
        again = seconds_until("orders again", lambda: load.orders > seen + 5)
        failed = load.forgiven()
        seen = load.orders
        until("orders that do not fail", lambda: load.has(seen + 50))
    remark = load.unharmed()
    load.all_shipped()
    return f"orders {again:.1f} s after the promotion, {failed} failed until then; {remark}, all shipped"


def begin_standby():
    """Beside the primary, which waits for it from then on."""
    allow = 'echo "host replication all all scram-sha-256" >> "$PGDATA/pg_hba.conf"'
    kubectl("exec", "postgres-0", "--", "/bin/sh", "-c", allow)
    in_postgres("postgres", "SELECT pg_reload_conf()")
    for each in policies():
        apply(each)
    apply(standby())
    until("it follows", lambda: state() == "streaming async")
    # What was copied does not know of it: a primary of its own waits for nobody.
    in_postgres("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'")
    in_postgres("postgres", "SELECT pg_reload_conf()")
    until("it is waited for", lambda: state() == "streaming sync")


def state():
    return in_postgres("postgres", "SELECT state || ' ' || sync_state FROM pg_stat_replication")


def standby():
    """A pod such as the primary's, which nobody calls by that name yet."""
    template = get("statefulset", "postgres")["spec"]["template"]
    spec = copy.deepcopy(template["spec"])
    spec["volumes"].append({"name": "data", "emptyDir": {}})
    spec["containers"][0] |= {"command": ["/bin/sh", "-ec", SCRIPT], "args": []}
    labels = template["metadata"]["labels"] | {"app.kubernetes.io/name": NAME}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": NAME, "labels": labels}, "spec": spec}


def policies():
    """It goes to the primary, and to nobody else."""
    here, primary = [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": name}}} for name in [NAME, "postgres"]]
    names = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}
    serves = [{"protocol": "TCP", "port": 5432}]
    return [
        policy(NAME, here, {"egress": [{"to": [primary], "ports": serves}, {"to": [names]}]}),
        policy(f"{NAME}-primary", primary, {"ingress": [{"from": [here], "ports": serves}]}),
    ]


def policy(name, pods, rules):
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name},
        "spec": {**pods, "policyTypes": [each.capitalize() for each in rules], **rules},
    }
