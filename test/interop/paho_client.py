"""paho as a client under test: `paho_client.py PORT VERSION SCENARIO`, VERSION 3, 4 or 5.

Each scenario prints what happened as one line of JSON. Waits end with an error after ten seconds.
"""
import json
import sys
import threading

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

PORT, VERSION, SCENARIO = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
TIMEOUT = 10


class Peer:
    """A client with a thread of its own that keeps what it gets."""

    def __init__(self, client_id, clean=True, expiry=0, will=None, username=None):
        arguments = {"client_id": client_id, "protocol": VERSION}
        if VERSION < 5:
            arguments["clean_session"] = clean
        # Version 2 of paho wants to be told which callbacks it shall call.
        if hasattr(mqtt, "CallbackAPIVersion"):
            arguments["callback_api_version"] = mqtt.CallbackAPIVersion.VERSION1
        self.client = mqtt.Client(**arguments)
        self.messages = []
        self.code = None
        self.session_present = None
        self._changed = threading.Condition()
        self._granted = 0
        self.client.on_connect = self._on_connect
        self.client.on_message = self._on_message
        self.client.on_subscribe = self._on_subscribe
        if will is not None:
            self.client.will_set(will, "gone", qos=1)
        if username is not None:
            self.client.username_pw_set(username, "secret")
        if VERSION == 5:
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = expiry
            self.client.connect("127.0.0.1", PORT, clean_start=clean, properties=properties)
        else:
            self.client.connect("127.0.0.1", PORT)
        self.client.loop_start()
        self.wait(lambda: self.code is not None)

    def _tell(self):
        with self._changed:
            self._changed.notify_all()

    def wait(self, holds):
        with self._changed:
            if not self._changed.wait_for(holds, TIMEOUT):
                raise SystemExit("timed out with " + json.dumps(self.messages))

    def _on_connect(self, _client, _data, flags, code, *_properties):
        self.session_present = flags["session present"]
        self.code = int(getattr(code, "value", code))
        self._tell()

    def _on_message(self, _client, _data, message):
        entry = {"topic": message.topic, "payload": message.payload.decode(), "qos": message.qos,
                 "retain": bool(message.retain)}
        if VERSION == 5:
            entry["user"] = getattr(message.properties, "UserProperty", [])
            entry["response"] = getattr(message.properties, "ResponseTopic", None)
            entry["correlation"] = getattr(message.properties, "CorrelationData", b"").decode()
        self.messages.append(entry)
        self._tell()

    def _on_subscribe(self, *_arguments):
        self._granted += 1
        self._tell()

    def subscribe(self, topic, qos=2, options=None):
        before = self._granted
        if options is None:
            self.client.subscribe(topic, qos)
        else:
            self.client.subscribe(topic, options=options)
        self.wait(lambda: self._granted > before)

    def publish(self, topic, payload, qos=0, retain=False, properties=None):
        info = self.client.publish(topic, payload, qos, retain, **({"properties": properties} if properties else {}))
        info.wait_for_publish(TIMEOUT)

    def wait_for(self, count):
        self.wait(lambda: len(self.messages) >= count)

    def leave(self):
        self.client.disconnect()
        self.client.loop_stop()


def qos():
    peer = Peer("paho-qos")
    peer.subscribe("q/#", 2)
    for level in (0, 1, 2):
        peer.publish("q/%d" % level, "soup", level)
    peer.wait_for(3)
    peer.leave()
    return [[m["topic"], m["qos"], m["payload"]] for m in peer.messages]


def retained():
    peer = Peer("paho-retained")
    peer.publish("r/a", "kept", 1, True)
    peer.publish("r/b", "cleared", 1, True)
    peer.publish("r/b", "", 1, True)
    peer.subscribe("r/#")
    peer.publish("r/end", "", 1)
    peer.wait_for(2)
    peer.leave()
    return [[m["topic"], m["retain"]] for m in peer.messages]


def will():
    watcher = Peer("paho-watcher")
    watcher.subscribe("wills/#")
    polite = Peer("paho-polite", will="wills/polite")
    polite.leave()
    cut = Peer("paho-cut", will="wills/cut")
    cut.client.loop_stop()
    cut.client.socket().close()
    watcher.wait_for(1)
    watcher.leave()
    return [[m["topic"], m["qos"]] for m in watcher.messages]


def session():
    first = Peer("paho-stays", clean=False, expiry=60)
    first.subscribe("s/#", 2)
    first.leave()
    other = Peer("paho-other")
    for level in (0, 1, 2):
        other.publish("s/%d" % level, "x", level)
    other.leave()
    back = Peer("paho-stays", clean=False, expiry=60)
    back.wait_for(2)
    back.leave()
    return [first.session_present, back.session_present, [[m["topic"], m["qos"]] for m in back.messages]]


def shared():
    members = [Peer("paho-a"), Peer("paho-b")]
    for member in members:
        member.subscribe("$share/g/jobs", 1)
    publisher = Peer("paho-publisher")
    for number in range(10):
        publisher.publish("jobs", str(number), 1)
    for member in members:
        member.wait_for(5)
        member.leave()
    publisher.leave()
    return sorted(int(m["payload"]) for member in members for m in member.messages)


def properties():
    peer = Peer("paho-properties")
    peer.subscribe("p/#")
    sent = Properties(PacketTypes.PUBLISH)
    sent.UserProperty = [("from", "kitchen"), ("from", "cellar")]
    sent.ResponseTopic = "answers"
    sent.CorrelationData = b"c7"
    peer.publish("p/1", "x", 1, properties=sent)
    peer.wait_for(1)
    peer.leave()
    return [peer.messages[0][key] for key in ("user", "response", "correlation")]


def no_local():
    peer = Peer("paho-self")
    other = Peer("paho-other")
    peer.subscribe("n", options=SubscribeOptions(qos=1, noLocal=True))
    peer.publish("n", "mine", 1)
    other.publish("n", "theirs", 1)
    peer.wait_for(1)
    other.leave()
    peer.leave()
    return [m["payload"] for m in peer.messages]


def refused():
    peer = Peer("paho-refused", username="stranger")
    peer.client.loop_stop()
    return peer.code


def large():
    peer = Peer("paho-large")
    peer.subscribe("large", 2)
    text = "0123456789" * 100000
    peer.publish("large", text, 2)
    peer.wait_for(1)
    peer.leave()
    return peer.messages[0]["payload"] == text


print(json.dumps(globals()[SCENARIO]()))
