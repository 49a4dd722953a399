"""Two versions side by side on the same tables. The next version of a service is its pods with one migration
more, which they run before they serve, as a process runs its own: a column and an index, as the first of the
three releases of a change brings them (ARCHITECTURE.md). While orders come in it takes the place of the other,
which then comes back and starts on tables that it does not know, and at last the next one takes all places. No
request fails, and all orders, whoever wrote them, have what the next version's table says."""

import json

from checks import until
from cluster import get, in_postgres, kubectl, scale, settled
from load import Load

NAME, DATABASE = "svc-orders", "svc_orders"
INIT = "next-migration"


def two_versions_serve_on_the_tables_of_the_next(shop):
    scale(2, NAME)
    version = int(asked("SELECT max(version) + 1 FROM _sqlx_migrations"))
    try:
        with Load(shop) as load:
            for change in [next_one(version), undone, next_one(version)]:
                seen = load.orders
                change()
                settled(NAME)
                until("orders of this version", lambda: load.has(seen + 20))
        remark = load.unharmed()
        seen = [
            asked("SELECT count(*) FROM orders WHERE next_note IS DISTINCT FROM 'none'"),
            asked("SELECT count(*) FROM pg_index WHERE indexrelid = 'next_orders_by_note'::regclass AND indisvalid"),
            asked(f"SELECT count(*) FROM _sqlx_migrations WHERE version = {version}"),
        ]
        assert seen == ["0", "1", "1"], f"not as the next version made it: {seen}"
    finally:
        if has_next():
            undone()
            settled(NAME)
        asked("DROP INDEX IF EXISTS next_orders_by_note")
        asked("ALTER TABLE orders DROP COLUMN IF EXISTS next_note")
        asked(f"DELETE FROM _sqlx_migrations WHERE version = {version}")
    return f"there, back and there again; {remark}"


def asked(sql):
    return in_postgres(DATABASE, sql)


def next_one(version):
    """Has the next version take the places."""
    return lambda: kubectl("patch", "deployment", NAME, "--patch", patch(version))


def undone():
    kubectl("rollout", "undo", f"deployment/{NAME}")


def has_next():
    spec = get("deployment", NAME)["spec"]["template"]["spec"]
    return any(each["name"] == INIT for each in spec.get("initContainers", []))


def patch(version):
    """The migration, by the service's own user, once, in whichever pod comes first."""
    note = (
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)"
        f" VALUES ({version}, 'expand a note', true, '', 0) ON CONFLICT DO NOTHING"
    )
    migration = [
        "ALTER TABLE orders ADD COLUMN IF NOT EXISTS next_note text NOT NULL DEFAULT 'none'",
        # Beside the calls, and in no transaction.
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS next_orders_by_note ON orders (next_note)",
        note,
    ]
    commands = " ".join(f'--command "{sql}"' for sql in migration)
    script = f"""
read -r url < /etc/tradewind/secrets/database-url || [ -n "$url" ]
exec psql "$url" --quiet --set ON_ERROR_STOP=1 {commands}
"""
    postgres = get("statefulset", "postgres")["spec"]["template"]["spec"]["containers"][0]["image"]
    main = get("deployment", NAME)["spec"]["template"]["spec"]["containers"][0]
    container = {
        "name": INIT,
        "image": postgres,
        "command": ["/bin/sh", "-ec", script],
        "securityContext": main["securityContext"],
        "resources": main["resources"],
        "volumeMounts": [{"name": "secrets", "mountPath": "/etc/tradewind/secrets", "readOnly": True}],
    }
    return json.dumps({"spec": {"template": {"spec": {"initContainers": [container]}}}})
