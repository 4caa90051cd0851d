#!/usr/bin/python3
"""Verifies logs of Collective without any of its code.

    verify_log.py [--json] [--member ID] LOG...

LOG is the folder of one origin's log (IDENTITY, KEYS, HEAD.0, HEAD.1, *.segment), as a coordinator keeps it or `collective audit
export` writes it, or a tar of such a folder. Nothing is changed; nobody may be writing to it meanwhile. Where the name of the
folder is a member id, or --member names one, the log has to be that member's.

One line for each damage, then one for the log:

    damage LOG: FILE byte OFFSET event SEQUENCE: PROBLEM
    sound LOG: EVENTS events in BLOCKS blocks, SEGMENTS segments, up to event SEQUENCE
    damaged LOG: DAMAGES damages; EVENTS events in BLOCKS blocks are whole, up to event SEQUENCE

With --json instead one object a line: log, origin, ok, segments, blocks, events, bytes, sequence, damages (a list of file,
offset, sequence, problem). SEQUENCE of a damage is the first event that may be affected; 0 for a file without events.

Exit code: 0 all are sound; 8 one is damaged; 4 there is no log at one of the places, and none is damaged; 2 wrong usage.

Made from docs/log-format.md alone, which says what each step is for. Needs Python 3.9 and `cryptography`.
"""

import argparse
import base64
import hashlib
import json
import os
import re
import struct
import sys
import tarfile
import zlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_der_public_key

BLOCK_BYTES_MAX = 262_144
BODY_OFFSET = 256
SEGMENT_HEADER_BYTES = 64
SAFE = 2**53 - 1
ZERO_HASH = bytes(32)
SEGMENT_NAME = re.compile(r"([0-9]{16})\.segment")
MEMBER_ID = re.compile(r"[a-z2-7]{52}")
SHORT_ID = re.compile(r"[a-z2-7]{16}")
LONG_ID = re.compile(r"[a-z2-7]{26}")
FILE_ID = re.compile(r"[1-9][0-9]{0,15}-[1-9][0-9]{0,15}")
REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Refused(Exception):
    """What was read is not what the page says."""


class Unknown(Exception):
    """A reserved place is in use: kept, not checked further."""


class NoLog(Exception):
    """There is nothing to verify."""


def check(condition, problem):
    if not condition:
        raise Refused(problem)


def sha256(*parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


def u64(data, offset):
    value = struct.unpack_from(">Q", data, offset)[0]
    check(value <= SAFE, "a number is beyond 2^53")
    return value


def u32(data, offset):
    return struct.unpack_from(">I", data, offset)[0]


def is_zero(data):
    return not any(data)


def member_text(raw):
    return base64.b32encode(raw).decode().rstrip("=").lower()


# --- keys -----------------------------------------------------------------------------------------------------------------

_keys = {}


def key_of(der):
    if der not in _keys:
        try:
            _keys[der] = load_der_public_key(der)
        except ValueError as error:
            raise Refused("a key is not readable") from error
    return _keys[der]


def key_id(der):
    return sha256(der)[:16]


def signed_by(der, signature, message):
    try:
        key_of(der).verify(signature, message)
        return True
    except InvalidSignature:
        return False


# --- values: strict msgpack -----------------------------------------------------------------------------------------------


class Reader:
    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, count):
        start = self.at
        check(count <= len(self.data) - start, "a value ends too early")
        self.at = start + count
        return self.data[start : self.at]

    def number(self, form, low, high):
        """Only where no shorter form holds it."""
        value = struct.unpack(form, self.take(struct.calcsize(form)))[0]
        check(not low <= value <= high, "a number or length is not in its shortest form")
        return value

    def length(self, form, least):
        return self.number(form, 0, least - 1)

    def text(self, length):
        try:
            return self.take(length).decode()
        except UnicodeDecodeError as error:
            raise Refused("a text is not valid UTF-8") from error

    def array(self, length, depth):
        check(length <= len(self.data) - self.at, "a value ends too early")
        return [self.value(depth + 1) for _ in range(length)]

    def value(self, depth=0):
        check(depth <= 16, "nested too deep")
        tag = self.take(1)[0]
        if tag < 0x80:
            return tag
        if tag >= 0xE0:
            return tag - 0x100
        if 0xA0 <= tag < 0xC0:
            return self.text(tag - 0xA0)
        if 0x90 <= tag < 0xA0:
            return self.array(tag - 0x90, depth)
        if tag == 0xC0:
            return None
        if tag in (0xC4, 0xC5, 0xC6):
            return bytes(self.take(self.length(*((">B", 0), (">H", 0x100), (">I", 0x10000))[tag - 0xC4])))
        if tag in (0xD9, 0xDA, 0xDB):
            return self.text(self.length(*((">B", 0x20), (">H", 0x100), (">I", 0x10000))[tag - 0xD9]))
        if tag in (0xDC, 0xDD):
            return self.array(self.length(*((">H", 0x10), (">I", 0x10000))[tag - 0xDC]), depth)
        if tag in (0xCC, 0xCD, 0xCE):
            return self.length(*((">B", 0x80), (">H", 0x100), (">I", 0x10000))[tag - 0xCC])
        if tag in (0xD0, 0xD1, 0xD2):
            form, low = ((">b", -0x20), (">h", -0x80), (">i", -0x8000))[tag - 0xD0]
            value = struct.unpack(form, self.take(struct.calcsize(form)))[0]
            check(value < low, "a number is not in its shortest form")
            return value
        check(tag == 0xD3, f"the type byte {tag:#x} is not used in a log")
        value = self.number(">q", -0x8000_0000, 0xFFFF_FFFF)
        check(-SAFE <= value <= SAFE, "a number is beyond 2^53")
        return value


def read_value(data):
    reader = Reader(data)
    value = reader.value()
    check(reader.at == len(data), "bytes follow the value")
    return value


# --- shapes of payloads ---------------------------------------------------------------------------------------------------
# A shape is a function that refuses a value. `places` is an array of them; `reserved` is a place that is nil until it is used.


def whole(low, high):
    def shape(value):
        check(type(value) is int and low <= value <= high, f"not a whole number of {low} to {high}")

    return shape


def raw(low, high):
    def shape(value):
        check(type(value) is bytes and low <= len(value) <= high, f"not {low} to {high} bytes")

    return shape


def text(most):
    def shape(value):
        check(type(value) is str and len(value.encode()) <= most, f"not text of at most {most} bytes")

    return shape


def like(pattern):
    def shape(value):
        check(type(value) is str and pattern.fullmatch(value) is not None, "not an id of its kind")

    return shape


def one_of(*values):
    def shape(value):
        check(type(value) in (int, str) and value in values, f"not one of {values}")

    return shape


def optional(inner):
    def shape(value):
        if value is not None:
            inner(value)

    return shape


def many(inner, low, high):
    def shape(value):
        check(type(value) is list and low <= len(value) <= high, f"not {low} to {high} items")
        for item in value:
            inner(item)

    return shape


def reserved(value):
    if value is not None:
        raise Unknown


def places(*shapes, also=None):
    def shape(value):
        check(type(value) is list and len(value) == len(shapes), f"not {len(shapes)} places")
        for place, item in zip(shapes, value):
            place(item)
        if also is not None:
            also(value)

    return shape


def entry_name(value):
    check(type(value) is str and value not in ("", ".", ".."), "not a name for an entry")
    check("/" not in value and "\0" not in value and len(value.encode()) <= 255, "not a name for an entry")


def chunk(value):
    check(type(value) is bytes and len(value) == 33 and value[0] == 1, "not a chunk id")


def list_hashes(value):
    check(type(value) is bytes and len(value) <= 2000 * 32 and len(value) % 32 == 0, "not a number of list hashes")


def extent_fits(value):
    offset, length, chunk_id = value[:3]
    check(offset + length <= FILE_BYTES_MAX, "an extent ends beyond the longest file")
    check(chunk_id is None or length <= CHUNK_BYTES_MAX, "a chunk is longer than the longest")


def extents(low, high):
    plain = many(places(whole(0, FILE_BYTES_MAX - 1), whole(1, FILE_BYTES_MAX), optional(chunk), reserved, reserved, also=extent_fits), low, high)

    def shape(value):
        plain(value)
        for before, after in zip(value, value[1:]):
            check(before[0] + before[1] == after[0], "the extents are not adjacent")

    return shape


def commit_fits(value):
    size, lists, inline = value[3], value[4], value[5]
    check(len(lists) == 0 or len(inline) == 0, "extents and extent lists exclude each other")
    if lists:
        check(size > 0, "an empty file has no extents")
        return
    check(not inline or inline[0][0] == 0, "the first extent does not start the file")
    check((inline[-1][0] + inline[-1][1] if inline else 0) == size, "the extents do not make up the size")


def subject_fits(role, subject):
    fits = subject == "" if role == "coordinator" else SHORT_ID.fullmatch(subject) is not None
    check(fits, "the subject id does not fit the role")


def copies_fit(listed, chunks):
    for _, _, holders in chunks:
        check(all(holder < len(listed) for holder in holders), "a holder is not in the list")
        check(len(set(holders)) == len(holders), "a chunk names a holder twice")
    check(len(set(listed)) == len(listed), "a holder is listed twice")


def holder_fits(value):
    check((value[0] is None) != (value[1] is None), "not one holder")


def epoch_rises(value):
    check(value[0] > value[1], "the epoch does not follow the one before")


def witnesses_fit(witnesses, required):
    check(len(witnesses) <= 8, "more than 8 witnesses")
    check(required <= len(witnesses), "more witnesses are required than there are")
    check(len(set(witnesses)) == len(witnesses), "a witness is listed twice")


FILE_BYTES_MAX = 4000 * 2**30
CHUNK_BYTES_MAX = 4 * 2**20
TIME = SIZE = whole(0, SAFE)
POSITION = whole(1, SAFE)
DIGEST = raw(32, 32)
KEY = raw(44, 44)
ANY_KEY = raw(1, 512)
CERTIFICATE = raw(1, 8192)
ENDORSEMENT = raw(1, 1024)
LABEL = text(64)
NOTE = text(200)
ENDPOINTS = many(text(255), 0, 16)
NODE = CLIENT = like(SHORT_ID)
UPLOAD = INVITE = like(LONG_ID)
FILE = like(FILE_ID)
MODE = whole(0, 0o7777)
PURGE_REASON = one_of("asked", "retention")
FILE_TIME = places(whole(-8_640_000_000_000, 8_640_000_000_000), whole(0, 999_999_999))
CHUNKS = many(chunk, 1, 512)
SPREAD = one_of("nodes", "members")
FACTS = places(DIGEST, LABEL, KEY, CERTIFICATE, ENDORSEMENT, ENDPOINTS, optional(INVITE), optional(DIGEST))


def copies(holders):
    return many(places(chunk, whole(1, CHUNK_BYTES_MAX), many(whole(0, holders - 1), 1, 16)), 1, 512)


def half_positions(value):
    check((value[1] == 0) == (value[2] == 0), "half a position")


STOPPED = places(DIGEST, SIZE, SIZE, NOTE, also=half_positions)


def policy_fits(value):
    check(value[2] <= value[1] and (value[1] == 0) == (value[2] == 0), "the least of the copies does not fit")


def least_fits(value):
    check(value[4] <= value[2], "more copies are needed than wanted")


def a_move(value):
    check(value[1] != value[2], "a move to where they are")


# By name and version; by name alone where there is but one version.
SHAPES = {
    "CollectiveFounded": places(DIGEST, LABEL, KEY, CERTIFICATE, ENDORSEMENT, KEY, ENDORSEMENT),
    ("CoordinatorEndpointsChanged", 1): places(ENDPOINTS, ENDPOINTS),
    ("CoordinatorEndpointsChanged", 2): places(ENDPOINTS, ENDPOINTS, ENDPOINTS),
    "LogKeyRotated": places(KEY, ENDORSEMENT),
    "MemberCaRotated": places(CERTIFICATE, ENDORSEMENT, TIME),
    "EpochStarted": places(POSITION, POSITION, POSITION, DIGEST, KEY, ENDORSEMENT, NOTE, also=epoch_rises),
    ("WitnessesChanged", 1): places(many(NODE, 0, 8), whole(0, 8), also=lambda value: witnesses_fit(*value)),
    ("WitnessesChanged", 2): places(
        many(NODE, 0, 8), many(DIGEST, 0, 8), whole(0, 8), also=lambda value: witnesses_fit(value[0] + value[1], value[2])
    ),
    "CertificateRevoked": places(
        one_of("node", "client"), text(16), NOTE, also=lambda value: subject_fits(value[0], value[1])
    ),
    "CertificateIssued": places(
        DIGEST,
        one_of("coordinator", "node", "client"),
        text(16),
        LABEL,
        DIGEST,
        ANY_KEY,
        TIME,
        TIME,
        also=lambda value: subject_fits(value[1], value[2]),
    ),
    ("InviteIssued", 1): places(INVITE, one_of("node", "client"), LABEL, DIGEST, TIME),
    ("InviteIssued", 2): places(INVITE, one_of("node", "client", "member"), LABEL, DIGEST, TIME, one_of(0, 1)),
    "InviteRedeemed": places(INVITE, DIGEST),
    "InviteRevoked": places(INVITE, one_of("wrong-tries", "withdrawn")),
    "NodeRegistered": places(NODE, LABEL),
    "NodeEndpointsChanged": places(NODE, ENDPOINTS, LABEL),
    "NodeCapacityChanged": places(NODE, SIZE, one_of(0, 80, 90, 95)),
    "NodeBecameUnreachable": places(NODE, TIME),
    "NodeRecovered": places(NODE),
    "NodeDecommissioned": places(NODE),
    ("UploadOpened", 1): places(UPLOAD, CLIENT, whole(1, 16), TIME),
    ("UploadOpened", 2): places(UPLOAD, CLIENT, whole(1, 16), TIME, whole(0, 16), SPREAD, also=least_fits),
    "UploadCompleted": places(UPLOAD),
    "UploadAbandoned": places(UPLOAD, one_of("client", "expired")),
    "ExtentsRecorded": places(UPLOAD, DIGEST, extents(1, 512)),
    ("CopiesRecorded", 1): places(many(NODE, 1, 4096), copies(4096), also=lambda value: copies_fit(*value)),
    ("CopiesRecorded", 2): places(
        many(NODE, 0, 4096), many(DIGEST, 0, 1024), copies(5120), also=lambda value: copies_fit(value[0] + value[1], value[2])
    ),
    ("CopiesLost", 1): places(NODE, one_of("damaged", "missing"), CHUNKS),
    ("CopiesLost", 2): places(
        places(optional(NODE), optional(DIGEST), also=holder_fits),
        one_of("damaged", "missing", "released", "forfeited"),
        CHUNKS,
    ),
    "DirectoryCreated": places(FILE, entry_name, MODE, FILE_TIME),
    "FileCreated": places(FILE, entry_name, MODE, FILE_TIME),
    "SymlinkCreated": places(FILE, entry_name, text(4095), FILE_TIME),
    "FileCommitted": places(
        FILE,
        whole(1, SAFE),
        UPLOAD,
        whole(0, FILE_BYTES_MAX),
        list_hashes,
        extents(0, 64),
        MODE,
        FILE_TIME,
        text(255),
        text(64),
        reserved,
        reserved,
        also=commit_fits,
    ),
    "EntryMoved": places(FILE, FILE, entry_name, FILE, entry_name, optional(FILE)),
    "EntryRemoved": places(FILE, entry_name, FILE),
    "EntryLinked": places(FILE, FILE, entry_name),
    "VersionsPurged": places(PURGE_REASON, many(places(FILE, POSITION), 1, 256)),
    "EntriesPurged": places(PURGE_REASON, many(FILE, 1, 256)),
    "AttributesChanged": places(FILE, optional(MODE), optional(FILE_TIME)),
    "MemberApplied": FACTS,
    "MemberAdmitted": FACTS,
    "MemberRefused": places(DIGEST, NOTE),
    "MemberRenamed": places(DIGEST, LABEL),
    "MemberSuspended": STOPPED,
    "MemberReinstated": places(DIGEST),
    "MemberRemoved": STOPPED,
    "LogForkDetected": places(DIGEST, POSITION, POSITION, DIGEST, DIGEST, optional(DIGEST)),
    "GrantGiven": places(FILE, DIGEST, whole(1, 3), TIME),
    "GrantWithdrawn": places(FILE),
    "PledgeChanged": places(DIGEST, SIZE),
    "PolicySet": places(FILE, whole(0, 16), whole(0, 16), SPREAD, also=policy_fits),
    "ForeignCopiesAccepted": places(
        DIGEST, UPLOAD, many(NODE, 1, 4096), copies(4096), also=lambda value: copies_fit(value[2], value[3])
    ),
    "ForeignCopiesMoved": places(DIGEST, NODE, NODE, CHUNKS, also=a_move),
    "ForeignCopiesReleased": places(DIGEST, CHUNKS),
    "ForeignCopiesLost": places(DIGEST, NODE, one_of("damaged", "missing", "forfeited"), CHUNKS),
}


def actor(value):
    check(type(value) is str, "not an actor")
    if value == "coordinator":
        return
    role, _, subject = value.partition("/")
    if role == "member":
        member, _, who = subject.partition("/")
        check(MEMBER_ID.fullmatch(member) is not None, "not an actor")
        if who == "coordinator":
            return
        role, _, subject = who.partition("/")
        check(role == "client", "not an actor")
    check(role in ("node", "client") and SHORT_ID.fullmatch(subject) is not None, "not an actor")


ENVELOPE = places(
    POSITION,
    TIME,
    text(64),
    whole(1, 0xFFFF),
    actor,
    optional(places(like(REQUEST_ID), raw(16, 16))),
    optional(places(DIGEST, POSITION, POSITION)),
    DIGEST,
    optional(raw(16, 16)),
)


# --- blocks ---------------------------------------------------------------------------------------------------------------


class Link:
    """What the next block has to follow. `header_hash` is None behind damage: then it may start anywhere later."""

    def __init__(self, origin):
        self.origin = origin
        self.sequence = 0
        self.header_hash = ZERO_HASH
        self.time = 0

    def lose(self):
        self.header_hash = None
        self.time = 0


class Event:
    """`value` is the decoded payload; None where its type, version or a place in use is not known, or it is sealed."""

    def __init__(self, envelope, payload):
        self.sequence, self.time, self.type, self.version = envelope[:4]
        sealed = envelope[8] is not None
        self.value = None if sealed else read_payload(self.type, self.version, payload)

    def is_known(self, kind):
        return self.type == kind and self.value is not None


def read_event(block, at, end):
    """The event at `at`, where the next one starts, the hash of its envelope, and its bytes as written."""
    check(end - at >= 7, "a value ends too early")
    state = block[at]
    check(state in (0, 1), f"an event has the state {state}")
    envelope_bytes, payload_bytes = struct.unpack_from(">HI", block, at + 1)
    check(payload_bytes <= 65_536, f"a payload of {payload_bytes} bytes")
    check(envelope_bytes <= 1024, f"an envelope of {envelope_bytes} bytes")
    start = at + 7
    salted = start + envelope_bytes
    after = salted + (16 + payload_bytes if state == 0 else 0)
    check(after <= end, "a value ends too early")
    envelope = block[start:salted]
    places_of = read_value(envelope)
    ENVELOPE(places_of)
    check(state == 0, f"the payload of event {places_of[0]} is missing")
    check(sha256(block[salted:after]) == places_of[7], f"the payload of event {places_of[0]} is not the one that was signed")
    event = Event(places_of, block[salted + 16 : after])
    return event, after, sha256(envelope), 23 + envelope_bytes + payload_bytes


def read_payload(kind, version, payload):
    shape = SHAPES.get((kind, version)) or (SHAPES.get(kind) if version == 1 else None)
    if shape is None:
        return None
    try:
        value = read_value(payload)
        shape(value)
        return value
    except Unknown:
        return None
    except Refused as problem:
        raise Refused(f"the payload of a {kind} event is malformed: {problem}") from problem


class Block:
    """A block with its header read; nothing is checked yet."""

    def __init__(self, data):
        check(BODY_OFFSET < len(data) <= BLOCK_BYTES_MAX, f"it has {len(data)} bytes")
        check(data[:4] == b"CLBK", "it does not start as a block")
        check(data[4:6] == b"\0\1", "its format is not known")
        check(is_zero(data[6:8]) and is_zero(data[160:192]), "reserved bytes are in use")
        self.data = data
        self.origin = data[8:40]
        self.epoch = u64(data, 40)
        self.first = u64(data, 48)
        self.count = u32(data, 56)
        self.body_bytes = u32(data, 60)
        self.first_time = u64(data, 64)
        self.last_time = u64(data, 72)
        self.previous = data[80:112]
        self.body_hash = data[112:144]
        self.key_id = data[144:160]
        self.signature = data[192:256]
        self.hash = sha256(data[:192])
        check(self.epoch >= 1, "the epoch is 0")
        check(1 <= self.first <= SAFE - 256, "the sequence is out of range")
        check(1 <= self.count <= 256, f"{self.count} events in one block")
        check(self.body_bytes <= BLOCK_BYTES_MAX - BODY_OFFSET, f"a body of {self.body_bytes} bytes")
        self.last = self.first + self.count - 1

    def events(self, previous_time):
        """All of them, checked against the header and each other."""
        data, end, at, written, hashes, found = self.data, len(self.data), BODY_OFFSET, 0, [], []
        for index in range(self.count):
            event, at, envelope_hash, bytes_written = read_event(data, at, end)
            check(event.sequence == self.first + index, f"event {self.first + index} calls itself {event.sequence}")
            check(event.time > previous_time, f"the time of event {event.sequence} does not rise")
            previous_time = event.time
            written += bytes_written
            hashes.append(envelope_hash)
            found.append(event)
        check(at == end, "bytes follow the last event")
        check(written == self.body_bytes, f"its body is of {written} bytes, not {self.body_bytes}")
        check(sha256(*hashes) == self.body_hash, "its events are not those that were signed")
        check(found[0].time == self.first_time and previous_time == self.last_time, "its times are not those of its events")
        return found


# --- which key signs, and which epoch it is -------------------------------------------------------------------------------


class Span:
    """What holds for blocks from `first` on."""

    def __init__(self, first, epoch, key):
        self.first, self.epoch, self.key = first, epoch, key

    def __eq__(self, other):
        return (self.first, self.epoch, self.key) == (other.first, other.epoch, other.key)


class Keys:
    """Never changed: a change makes another one. Spans are ascending; the first starts at 1."""

    def __init__(self, spans):
        self.spans = spans

    def at(self, sequence):
        return next((span for span in reversed(self.spans) if span.first <= sequence), self.spans[0])

    def up_to(self, sequence):
        return Keys([span for span in self.spans if span.first <= max(1, sequence)])

    def extended(self, *added):
        return Keys([span for span in self.spans if span.first < added[0].first] + list(added))


def check_endorsement(endorsement, key, epoch, sequence, origin, identity_key):
    """That the identity key vouches for a log key at this position."""
    check(len(endorsement) == 174, "the endorsement of the log key has a wrong length")
    check(endorsement[:2] == b"\1\2", "the endorsement is not one of a log key")
    check(endorsement[2:18] == key_id(identity_key), "the endorsement names another identity key")
    check(endorsement[18:50] == origin, "the endorsement is of another member")
    start = (u64(endorsement, 50), u64(endorsement, 58))
    check(endorsement[66:110] == key, "the endorsement is of another log key")
    signed = signed_by(identity_key, endorsement[110:], b"collective/endorsement/v1\0" + endorsement[:110])
    check(signed, "the endorsement of the log key is not signed with the identity key")
    check(start <= (epoch, sequence), "the endorsement of the log key holds only later")


class Authority:
    """Which keys speak for this log where, as far as its blocks have said."""

    def __init__(self, origin, log_key):
        self.origin = origin
        self.log_key = log_key
        self.keys = Keys([Span(1, 1, log_key)])
        self.identity_key = log_key if sha256(log_key) == origin else None

    def expected(self, block):
        """Epoch and key that a block is held to. The start of a later epoch is signed with the identity key."""
        span = self.keys.at(block.first)
        if block.epoch <= span.epoch or self.identity_key is None or block.count != 1:
            return span
        return Span(block.first, block.epoch, self.identity_key)

    def follow(self, block, events):
        """What holds after a block that is right for the rest; changes nothing where that is refused."""
        identity_key = self.identity_key
        if block.first == 1:
            identity_key = self.founding(events[0])
        keys = self.keys_after(block, events, identity_key)
        self.identity_key, self.keys = identity_key, keys

    def founding(self, event):
        if not event.is_known("CollectiveFounded"):
            # A log that its identity key signs itself needs none.
            check(self.identity_key is not None, "the log does not start with the founding of its member")
            return self.identity_key
        member, _, identity_key, _, _, log_key, endorsement = event.value
        known = member == self.origin and sha256(identity_key) == self.origin
        check(known, "the identity key that it names is not the one of its origin")
        check_endorsement(endorsement, log_key, 1, 1, self.origin, identity_key)
        check(log_key == self.log_key, "it names another log key than IDENTITY")
        return identity_key

    def keys_after(self, block, events, identity_key):
        before = self.keys.at(block.first - 1)
        rotated = any(event.is_known("LogKeyRotated") for event in events)
        started = any(event.is_known("EpochStarted") for event in events)
        if block.epoch == before.epoch and not rotated and not started:
            return self.keys.up_to(block.last)
        check(block.count == 1, "a change of keys shares its block")
        check(identity_key is not None, "the keys change, and the identity key is not known")
        sequence, epoch, keys = block.first, block.epoch, self.keys.up_to(block.first)
        if rotated:
            key, endorsement = events[0].value
            check(epoch == before.epoch, f"it is of epoch {epoch}, which was not started")
            check_endorsement(endorsement, key, epoch, sequence + 1, self.origin, identity_key)
            return keys.extended(Span(sequence + 1, epoch, key))
        check(started, f"it is of epoch {epoch}, which was not started")
        named, previous, cut, cut_hash, key, endorsement, _ = events[0].value
        check(named == epoch, f"it starts epoch {named} and is of epoch {epoch}")
        check(previous == before.epoch and epoch > before.epoch, "it does not follow the epoch before it")
        check(cut == sequence - 1 and cut_hash == block.previous, "it cuts the log elsewhere than it goes on")
        check_endorsement(endorsement, key, epoch, sequence + 1, self.origin, identity_key)
        return keys.extended(Span(sequence, epoch, identity_key), Span(sequence + 1, epoch, key))


# --- files ----------------------------------------------------------------------------------------------------------------


class Folder:
    """The files of one log by name, in a folder or in a tar of one."""

    def __init__(self, path):
        self.path = path
        self.tar = None
        if os.path.isdir(path):
            self.name = os.path.basename(os.path.abspath(path))
            self.names = sorted(os.listdir(path))
            return
        try:
            self.tar = tarfile.open(path)
        except (OSError, tarfile.TarError) as error:
            raise NoLog(f"{path} is neither a folder nor a tar: {error}") from error
        members = {os.path.basename(member.name): member for member in self.tar.getmembers() if member.isfile()}
        folders = {os.path.dirname(member.name) for member in members.values()}
        check_one = len(folders) == 1
        if not check_one:
            raise NoLog(f"{path} does not hold one folder")
        self.members = members
        self.name = os.path.basename(folders.pop())
        self.names = sorted(members)

    def read(self, name):
        """The whole file; Refused where it is not there or cannot be read."""
        try:
            if self.tar is not None:
                check(name in self.members, "it is missing")
                return self.tar.extractfile(self.members[name]).read()
            with open(os.path.join(self.path, name), "rb") as file:
                return file.read()
        except FileNotFoundError as error:
            raise Refused("it is missing") from error
        except OSError as error:
            raise Refused(f"it cannot be read: {error}") from error


def checked_file(data, length, magic):
    check(len(data) == length and length >= 12, f"it has {len(data)} bytes, not {length}")
    check(zlib.crc32(data[:-4]) == u32(data, length - 4), "it does not match its checksum")
    check(data[:4] == magic, "it is another kind of file")
    check(data[4:6] == b"\0\1", "its format version is not known")
    check(is_zero(data[6:8]), "reserved bytes are in use")
    return data


def read_keys(data, origin, log_key):
    """What the file KEYS says."""
    checked_file(data, len(data), b"CLKY")
    check(len(data) >= 52, "it ends too early")
    count = u32(data, 40)
    check(is_zero(data[44:48]), "reserved bytes are in use")
    check(len(data) == 48 + 60 * count + 4, "its length is not that of its entries")
    spans = [Span(u64(data, at), u64(data, at + 8), data[at + 16 : at + 60]) for at in range(48, len(data) - 4, 60)]
    for before, after in zip(spans, spans[1:]):
        check(after.first > before.first and after.epoch >= before.epoch, "its entries are not in order")
    check(data[8:40] == origin, "it is of another origin")
    check(len(spans) > 0 and spans[0] == Span(1, 1, log_key), "it starts with another key than IDENTITY")
    return Keys(spans)


class Head:
    def __init__(self, data=None):
        self.generation = -1
        self.epoch = 1
        self.sequence = self.time = self.segment = self.block_offset = self.end_offset = 0
        self.hash = ZERO_HASH
        if data is None:
            return
        self.origin = data[8:40]
        self.generation, self.epoch, self.sequence = u64(data, 40), u64(data, 48), u64(data, 56)
        self.hash = data[64:96]
        self.time, self.segment = u64(data, 96), u64(data, 104)
        self.block_offset, self.end_offset, self.reserved = u32(data, 112), u32(data, 116), u32(data, 120)


def record_at(data, offset):
    """('record', block, end), ('end',) or ('broken', problem)."""
    prefix = data[offset : offset + 8]
    if is_zero(prefix):
        return ("end",)
    if len(prefix) < 8:
        return ("broken", "the file ends before a block")
    length, checksum = struct.unpack(">II", prefix)
    if not BODY_OFFSET < length <= BLOCK_BYTES_MAX:
        return ("broken", f"a block calls itself {length} bytes long")
    block = data[offset + 8 : offset + 8 + length]
    if len(block) < length:
        return ("broken", "the file ends within a block")
    if zlib.crc32(block) != checksum:
        return ("broken", "a block does not match its checksum")
    return ("record", block, offset + 8 + length)


def find_record(data, offset):
    """Where the next whole record starts, from `offset` on; None if none does."""
    at = data.find(b"CLBK", offset + 8)
    while at >= 0:
        if record_at(data, at - 8)[0] == "record":
            return at - 8
        at = data.find(b"CLBK", at + 1)
    return None


# --- a whole log ----------------------------------------------------------------------------------------------------------


class Verification:
    def __init__(self, folder, member):
        self.folder = folder
        self.member = member
        self.damages = []
        self.blocks = self.events = self.bytes = 0
        self.origin = None
        self.segments = sorted(
            int(match[1]) for match in map(SEGMENT_NAME.fullmatch, folder.names) if match and 1 <= int(match[1]) <= SAFE
        )

    def damage(self, file, offset, sequence, problem):
        if file.endswith(".segment"):
            self.events_damaged = True
        self.damages.append({"file": file, "offset": offset, "sequence": sequence, "problem": str(problem)})

    @property
    def sequence(self):
        return self.link.sequence if self.origin is not None else 0

    def run(self):
        if "IDENTITY" not in self.folder.names and not self.segments:
            raise NoLog(f"there is no log in {self.folder.path}")
        try:
            identity = checked_file(self.folder.read("IDENTITY"), 96, b"CLID")
            check(is_zero(identity[84:92]), "reserved bytes are in use")
            origin = member_text(identity[8:40])
            check(self.member in (None, origin), f"it is of the origin {origin}, not {self.member}")
        except Refused as problem:
            self.damage("IDENTITY", 0, 0, problem)
            return
        self.origin = identity[8:40]
        self.authority = Authority(self.origin, identity[40:84])
        self.keys_before = self.authority.keys
        self.stored_keys = self.keys_problem = None
        self.read_stored_keys()
        self.batched = "BATCH" in self.folder.names
        self.events_damaged = False
        self.head = self.newest_head()
        self.link = Link(self.origin)
        for segment in self.segments:
            self.check_segment(segment)
        if self.link.sequence < self.head.sequence:
            problem = f"HEAD names event {self.head.sequence}, the log ends at {self.link.sequence}"
            self.damage(segment_file(self.head.segment), self.head.block_offset, self.link.sequence + 1, problem)
        problem = self.keys_problem or self.keys_difference()
        if problem is not None:
            self.damage("KEYS", 0, 0, problem)

    def read_stored_keys(self):
        if "KEYS" not in self.folder.names:
            return
        try:
            self.stored_keys = read_keys(self.folder.read("KEYS"), self.origin, self.authority.log_key)
        except Refused as problem:
            self.keys_problem = problem

    def keys_difference(self):
        """None too where damage to the events leaves it open. KEYS may lack the change in the very last block."""
        if self.events_damaged:
            return None
        last = self.link.sequence
        said = (self.stored_keys or Keys(self.authority.keys.spans[:1])).up_to(last).spans
        if said in (self.authority.keys.up_to(last).spans, self.keys_before.up_to(last).spans):
            return None
        if self.stored_keys is None:
            return "it is missing although the keys have changed"
        return "it names other keys than the events"

    def lose_track(self):
        """Behind damage a change of keys may be lost; KEYS still names it."""
        self.link.lose()
        if self.stored_keys is not None:
            self.authority.keys = self.stored_keys

    def newest_head(self):
        newest = Head()
        for name in ("HEAD.0", "HEAD.1"):
            try:
                head = Head(checked_file(self.folder.read(name), 128, b"CLHD"))
                check(head.reserved == 0, "reserved bytes are in use")
                check(head.origin == self.origin, "it is of another origin")
                if head.generation > newest.generation:
                    newest = head
            except Refused as problem:
                self.damage(name, 0, 0, problem)
        return newest

    def check_segment(self, segment):
        link, file = self.link, segment_file(segment)
        if segment != link.sequence + 1:
            problem = f"events {link.sequence + 1} to {segment - 1} are missing before this segment"
            self.damage(file, 0, link.sequence + 1, problem)
            self.lose_track()
        try:
            data = self.folder.read(file)
        except Refused as problem:
            self.damage(file, 0, link.sequence + 1, problem)
            self.lose_track()
            return
        try:
            header = checked_file(data[:SEGMENT_HEADER_BYTES], SEGMENT_HEADER_BYTES, b"CLSG")
            check(is_zero(header[56:60]), "reserved bytes are in use")
            check(header[8:40] == self.origin, "the segment is of another origin")
            check(u64(header, 48) == segment, f"the segment calls itself that of event {u64(header, 48)}")
        except Refused as problem:
            self.damage(file, 0, link.sequence + 1, f"the header of the segment: {problem}")
        self.check_records(segment, data)

    def check_records(self, segment, data):
        link, file, offset = self.link, segment_file(segment), SEGMENT_HEADER_BYTES
        while offset < len(data):
            found = record_at(data, offset)
            if found[0] == "record":
                problem = self.take(found[1])
                if problem is not None:
                    self.damage(file, offset, link.sequence + 1, problem)
                offset = found[2]
                continue
            above = segment > self.head.sequence or (segment == self.head.segment and offset >= self.head.end_offset)
            if self.batched and above:
                return
            later = find_record(data, offset + 1)
            if later is None:
                problem = self.end_problem(found, segment, offset)
                if problem is not None:
                    self.damage(file, offset, link.sequence + 1, problem)
                return
            problem = found[1] if found[0] == "broken" else "zeros stand where a block belongs"
            self.damage(file, offset, link.sequence + 1, problem)
            self.lose_track()
            offset = later

    def end_problem(self, found, segment, offset):
        """Zeros may end a segment, and a torn block may end the log: both only above HEAD."""
        head = self.head
        if segment == head.segment and offset < head.end_offset:
            return found[1] if found[0] == "broken" else "the log ends before the block that HEAD names"
        if found[0] == "end":
            return None
        last = self.segments[-1] == segment and (segment > head.sequence or segment == head.segment)
        return None if last else found[1]

    def take(self, data):
        """Counts the block if it is sound; says what is wrong otherwise."""
        link = self.link
        try:
            block = Block(data)
            before = self.authority.keys
            self.check_block(block)
            self.keys_before = before
        except Refused as problem:
            self.lose_track()
            return problem
        link.sequence, link.header_hash, link.time = block.last, block.hash, block.last_time
        self.blocks += 1
        self.events += block.count
        self.bytes += len(data)
        if block.last == self.head.sequence and block.hash != self.head.hash:
            return "the block is not the one that HEAD names"
        return None

    def check_block(self, block):
        link = self.link
        expected = link.sequence + 1
        check(block.origin == self.origin, f"it is of the origin {member_text(block.origin)}")
        span = self.authority.expected(block)
        check(block.epoch == span.epoch, f"it is of epoch {block.epoch}, not {span.epoch}")
        if link.header_hash is None:
            check(block.first >= expected, f"it starts at sequence {block.first}, not {expected}")
        else:
            check(block.first == expected, f"it starts at sequence {block.first}, not {expected}")
            check(block.previous == link.header_hash, "it does not follow the block before it")
        check(block.key_id == key_id(span.key), "it is signed by a key that does not speak for this log")
        message = b"collective/block/v1\0" + block.data[:192]
        check(signed_by(span.key, block.signature, message), "its signature is wrong")
        self.authority.follow(block, block.events(link.time))

    def report(self):
        return {
            "log": self.folder.path,
            "origin": None if self.origin is None else member_text(self.origin),
            "ok": not self.damages,
            "segments": len(self.segments),
            "blocks": self.blocks,
            "events": self.events,
            "bytes": self.bytes,
            "sequence": self.sequence,
            "damages": self.damages,
        }


def segment_file(first_sequence):
    return f"{first_sequence:016}.segment"


def verify(path, member):
    folder = Folder(path)
    if member is None and MEMBER_ID.fullmatch(folder.name):
        member = folder.name
    verification = Verification(folder, member)
    verification.run()
    return verification.report()


def as_lines(report):
    for damage in report["damages"]:
        yield f"damage {report['log']}: {damage['file']} byte {damage['offset']} event {damage['sequence']}: {damage['problem']}"
    whole_part = f"{report['events']} events in {report['blocks']} blocks"
    if report["ok"]:
        yield f"sound {report['log']}: {whole_part}, {report['segments']} segments, up to event {report['sequence']}"
    else:
        damages = f"{len(report['damages'])} damages"
        yield f"damaged {report['log']}: {damages}; {whole_part} are whole, up to event {report['sequence']}"


def main():
    parser = argparse.ArgumentParser(description="Verifies logs of Collective without any of its code.")
    parser.add_argument("--json", action="store_true", help="one object a line")
    parser.add_argument("--member", metavar="ID", help="whose log it has to be")
    parser.add_argument("logs", nargs="+", metavar="LOG", help="the folder of one origin's log, or a tar of one")
    options = parser.parse_args()
    missing = damaged = False
    for path in options.logs:
        try:
            report = verify(path, options.member)
        except NoLog as error:
            missing = True
            print(f"verify_log: {error}", file=sys.stderr)
            continue
        damaged = damaged or not report["ok"]
        for line in [json.dumps(report)] if options.json else as_lines(report):
            print(line)
    return 8 if damaged else 4 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
