"""Says what protovalidate finds wrong with messages.

On stdin a line with descriptors (a FileDescriptorSet, in hex), then a line for each message: its type,
and its bytes in hex. On stdout a line for each message: a list of [field, rule, is it a key] in JSON.
"""

import json
import sys

import protovalidate
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory


def field(path):
    def element(one):
        if one.subscript is None:
            return one.field_name
        key = one.subscript.value
        if isinstance(key, (bool, str)):
            key = json.dumps(key, ensure_ascii=False)
        return f"{one.field_name}[{key}]"

    return ".".join(element(one) for one in path.elements) if path else ""


descriptors = descriptor_pb2.FileDescriptorSet.FromString(bytes.fromhex(sys.stdin.readline()))
pool = descriptor_pool.DescriptorPool()
for file in descriptors.file:
    pool.Add(file)
validator = protovalidate.Validator()
for line in sys.stdin:
    name, _, encoded = line.strip().partition(" ")
    of = message_factory.GetMessageClass(pool.FindMessageTypeByName(name))
    message = of.FromString(bytes.fromhex(encoded))
    found = (one.proto for one in validator.collect_violations(message))
    print(json.dumps([[field(one.field), one.rule_id, one.for_key or False] for one in found]))
