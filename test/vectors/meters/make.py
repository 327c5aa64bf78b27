#!/usr/bin/python3
"""Makes the vectors of this folder: registers written by Python's struct from the yaml of register maps, and what a person reads in them.

usage: python3 test/vectors/meters/make.py ../shared/data/meters.yaml && npx biome check --write test/vectors/meters
Needs python3-yaml. Nothing of Busbar is used, neither its profiles nor its decoder: the vectors are a second opinion.
"""
import json, os, re, struct, sys
from decimal import Decimal

import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
FORMAT = {"f32": ">f", "f64": ">d", "u16": ">H", "i16": ">h", "u32": ">I", "i32": ">i", "u64": ">Q", "i64": ">q", "acc32": ">I"}
WIDTH = {name: struct.calcsize(form) // 2 for name, form in FORMAT.items()}
PHASES = ("l1", "l2", "l3")
FILLER = 0xA5A5  # in registers that no point has: a value read one register beside its place is never right by chance

# The text of `invalid` in the yaml, profile by profile, as words of a register type (most significant first). f32: a NaN of those bits.
ABB = {"u16": "ffff", "u32": "ffffffff", "u64": "f" * 16, "i32": "7fffffff"}
MARKERS = {
    "cg-em24-rs485": {"i32": "7fff1234"},
    "cg-em3x0": {"i32": "7fffffff"},
    "abb-eq": ABB,
    "abb-m4m": ABB,
    "schneider-iem3000": {"f32": "ffc00000", "i64": "8000000000000000"},
    "schneider-pm5000": {"f32": "ffc00000"},
    "schneider-powertag": {"f32": "ffc00000", "i64": "8000000000000000"},
    "sunspec-201-204": {"i16": "8000", "acc32": "00000000"},
    "sunspec-211-214": {"f32": "7fc00000"},
    "sma-homemanager2": {"i32": "80000000"},
    "victron-vm-3p75ct": {"u32": "ffffffff"},
}
SUNSPEC = {"sunspec-201-204": (200, 105), "sunspec-211-214": (210, 124)}
EXPONENT = {"i": -2, "v": -1, "f": -2, "p": 0, "e": -1}  # scale factors that the plain cases publish
GROUP_BASE = {"janitza-umg801-group-n": 19300}  # of group 3

IMPORT = {"v_l1": 230.1, "v_l2": 231.2, "v_l3": 229.3, "i_l1": 10.5, "i_l2": 20.2, "i_l3": 30.7, "p_l1": 2410, "p_l2": 4680, "p_l3": 7050,
          "p_total": 14140, "f": 49.98, "e_imp": 12345.6, "e_exp": 78.9, "e_imp_ph_l1": 4000.1, "e_imp_ph_l2": 4100.2, "e_imp_ph_l3": 4245.3,
          "e_exp_ph_l1": 20.1, "e_exp_ph_l2": 30.2, "e_exp_ph_l3": 28.6}
EXPORT = {**IMPORT, **{name: -IMPORT[name] for name in IMPORT if name[:2] in ("i_", "p_")}}
# L1 draws, L2 feeds in, and the power of L3 is too small against V x I to say which way its current flows.
MIXED = {**IMPORT, "i_l1": 5, "i_l2": -8.1, "i_l3": -6.2, "p_l1": 1150, "p_l2": -1870, "p_l3": -20, "p_total": -740}


def halves(values):
    """Powers as two registers without a sign, beside the signed ones."""
    both = dict(values)
    for name, value in values.items():
        if name.startswith("p_"):
            both[name + "_pos"], both[name + "_neg"] = max(value, 0), max(-value, 0)
    return both


class Case:
    def __init__(self, profile, name, model=None, start=None, common=66):
        self.profile, self.name, self.model = profile, name, model
        self.start, self.common, self.words, self.read = start, common, {}, {}

    def put(self, point, raw):
        """`raw`: a number, or hex digits, most significant first."""
        kind = point["t"]
        data = bytes.fromhex(raw) if isinstance(raw, str) else struct.pack(FORMAT[kind], raw if kind[0] == "f" else int(raw))
        words = [int.from_bytes(data[at:at + 2], "big") for at in range(0, len(data), 2)]
        if self.profile["words"] == "lo":
            words.reverse()
        for at, word in enumerate(words):
            self.words[point["a"] + at] = word
        return struct.unpack(FORMAT[kind], data)[0]

    def scale(self, name, exponents):
        """(multiplier as Decimal, address of the scale factor or None)"""
        factor = self.profile["points"][name].get("s", 1)
        if not isinstance(factor, str):
            return Decimal(str(factor)), None
        address, thousandth = re.fullmatch(r"sf:(\d+)(/1000)?", factor).groups()
        exponent = exponents[name[0]]
        self.words[int(address)] = exponent & 0xFFFF
        return Decimal(10) ** exponent / (1000 if thousandth else 1), int(address)

    def physical(self, values, exponents=EXPONENT):
        """Every point by its value in V, A, W, Hz, kWh; currents without a sign where the meter shows none."""
        for name, point in self.profile["points"].items():
            value = halves(values)[name]
            if name.startswith("i_") and self.profile["i_sign"] != "signed":
                value = abs(value)
            multiplier, _ = self.scale(name, exponents)
            raw = Decimal(str(value)) / multiplier
            self.number(name, float(raw) if point["t"][0] == "f" else int(raw.to_integral_value()), multiplier)
        return self

    def number(self, name, raw, multiplier):
        got = self.put(self.profile["points"][name], raw)
        self.read[name] = float(Decimal(got) * multiplier)

    def raw(self, of_type):
        """Every point by what `of_type(name, type)` gives: a raw number."""
        for name, point in self.profile["points"].items():
            self.number(name, of_type(name, point["t"]), self.scale(name, EXPONENT)[0])
        return self

    def special(self, names, raw, meaning):
        for name in names:
            self.put(self.profile["points"][name], raw)
            self.read[name] = meaning
        return self

    def phases(self):
        if self.model:
            return min(3, self.model % 10)
        return self.profile.get("phases", 3)

    def values(self):
        """What the blocks hold, powers put together."""
        blocks = self.profile["read"]["fast"] + self.profile["read"]["slow"]
        shown = {}
        for name, point in self.profile["points"].items():
            if any(a <= point["a"] and point["a"] + WIDTH[point["t"]] <= a + n for a, n in blocks):
                shown[name] = self.read[name]
        for power in ("p_l1", "p_l2", "p_l3", "p_total"):
            pos, neg = shown.pop(power + "_pos", None), shown.pop(power + "_neg", None)
            if pos is not None:
                shown[power] = "unavailable" if "unavailable" in (pos, neg) else pos - neg
        return shown

    def amps(self, factor):
        """Signed by the meter, or by the power of the phase where that is clear; none when a current is missing or not a number."""
        shown, amps = self.values(), []
        for phase in PHASES[:self.phases()]:
            i, v, p = (shown.get(f"{kind}_{phase}") for kind in "ivp")
            if not isinstance(i, float) or i != i:
                return None
            if self.profile["i_sign"] == "signed":
                amps.append(i * factor)
                continue
            # One phase without a voltage or a power: the meter cannot show them on all its phases, and none is used.
            whole = lambda kind: all(isinstance(shown.get(f"{kind}_{each}"), float) for each in PHASES[:self.phases()])
            volts, watts, size = (v if whole("v") else 230.0), (p * factor if whole("p") else 0.0), abs(i * factor)
            amps.append(-size if watts < -0.03 * volts * size else size)
        return amps

    def as_json(self):
        case = {"name": self.name}
        hexed = lambda words: " ".join(f"{word:04x}" for word in words)
        if self.model:
            length = SUNSPEC[self.profile["id"]][1]
            model = [self.model, length] + [self.words.get(at, FILLER) for at in range(2, length + 2)]
            other = [1, self.common] + [0] * self.common + [103, 50] + [0] * 50
            case["memory"] = {"start": self.start, "words": hexed([0x5375, 0x6E53] + other + model + [0xFFFF, 0])}
            case["base"] = self.start + 2 + len(other)
        else:
            case["blocks"] = [{"start": a, "words": hexed(self.words.get(a + at, FILLER) for at in range(n))}
                              for a, n in self.profile["read"]["fast"] + self.profile["read"]["slow"]]
            if self.profile["id"] in GROUP_BASE:
                case["base"] = GROUP_BASE[self.profile["id"]]
        if self.phases() < 3:
            case["phases"] = self.phases()
        # JSON has no NaN.
        case["values"] = {name: "NaN" if value != value else value for name, value in self.values().items()}
        for key, factor in (("currentAmps", 1), ("turnedAmps", -1)):
            amps = self.amps(factor)
            if amps:
                case[key] = amps
        return case


def most(markers):
    """The largest raw number of each type that is no marker."""
    def of_type(name, kind):
        if name.endswith("_neg"):
            return 0
        if kind[0] == "f":
            return struct.unpack(FORMAT[kind], bytes.fromhex("7f7fffff" if kind == "f32" else "7fefffffffffffff"))[0]
        bits = WIDTH[kind] * 16 - (kind[0] == "i")
        if markers.get(kind) == "7fff1234":
            return 0x7FFEFFFF
        return 2 ** bits - 1 - (int(markers.get(kind, "0"), 16) == 2 ** bits - 1)
    return of_type


def least(markers):
    """The smallest raw number of each type that is no marker."""
    def of_type(name, kind):
        if name.endswith("_pos"):
            return 0
        if kind[0] == "f":
            return struct.unpack(">f", bytes.fromhex("ff7fffff"))[0]
        if kind[0] != "i":
            return 1
        bits = WIDTH[kind] * 16 - 1
        return -(2 ** bits) + (int(markers.get(kind, "0"), 16) == 2 ** bits)
    return of_type


def cases(profile):
    markers, points = MARKERS.get(profile["id"], {}), profile["points"]
    model, kinds = SUNSPEC.get(profile["id"], (None, 0))[0], {point["t"] for point in points.values()}
    case = lambda name, which=3, start=40000, **more: Case(profile, name, *((model + which, start) if model else ()), **more)
    yield case("import").physical(IMPORT)
    yield case("export", 4, 0).physical(EXPORT)
    yield case("one phase feeds in, one says little", 3, 50000, common=65).physical(MIXED)
    yield case("minus one in every signed register").raw(lambda name, kind: 0 if name.endswith("_pos") else -1 if kind[0] in "if" else 1)
    yield case("the largest numbers").raw(most(markers))
    yield case("the smallest numbers").raw(least(markers))
    for kind, digits in markers.items():
        names = [name for name, point in points.items() if point["t"] == kind]
        if names:
            yield case(f"not available: {kind} {digits}").physical(IMPORT).special(names, digits, "unavailable")
    for kind, digits in (("f32", "7fc00001"), ("f64", "7ff8000000000000")):
        if kind in kinds and kind not in markers:
            names = [name for name, point in points.items() if point["t"] == kind]
            yield case(f"not a number: {kind}").physical(IMPORT).special(names, digits, float("nan"))
    if model:
        third = [name for name in points if name.endswith("_l3")]
        bits = "8000" if model == 200 else "7fc00000"
        yield case("split phase", 2).physical({**IMPORT, "p_total": 7090}).special(third, bits, "unavailable")
        two = third + [name for name in points if name.endswith("_l2")]
        yield case("single phase", 1).physical({**EXPORT, "p_total": -2410}).special(two, bits, "unavailable")
    if model == 200:
        yield case("amperes in whole tens, watts in thousands", 3).physical(
            {**IMPORT, "i_l1": 100, "i_l2": 200, "i_l3": 310, "p_l1": 24000, "p_l2": 46000, "p_l3": 70000, "p_total": 140000},
            {**EXPONENT, "i": 1, "p": 3})
        dark = case("a scale factor that is not available", 3).physical(IMPORT)
        dark.words[6] = 0x8000
        dark.read.update({name: "unavailable" for name in points if name.startswith("i_")})
        yield dark


def main():
    for profile in yaml.safe_load(open(sys.argv[1]))["profiles"]:
        assert ("invalid" in profile) == (profile["id"] in MARKERS), profile["id"]
        vectors = {"profile": profile["id"], "madeWith": "test/vectors/meters/make.py: python struct", "cases": [one.as_json() for one in cases(profile)]}
        with open(os.path.join(HERE, profile["id"] + ".json"), "w") as file:
            json.dump(vectors, file, indent=2, allow_nan=False)
            file.write("\n")


main()
