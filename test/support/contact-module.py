"""An input and output module on Debian's python3-pymodbus, for tests: a second opinion on function codes 1, 2 and 5.
usage: /usr/bin/python3 contact-module.py PORT UNIT FILE
FILE holds {"inputs": [addresses that are closed]}, read again each 50 ms. Each coil that is written is told: "coil ADDRESS VALUE"."""
import json, sys, threading, time
from pymodbus.datastore import ModbusSequentialDataBlock, ModbusSlaveContext, ModbusServerContext
from pymodbus.server import StartTcpServer

port, unit, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]


class Coils(ModbusSequentialDataBlock):
    def setValues(self, address, values):
        values = values if isinstance(values, (list, tuple)) else [values]
        super().setValues(address, list(values))
        for at, value in enumerate(values):
            print("coil", address + at, int(bool(value)), flush=True)


inputs = ModbusSequentialDataBlock(0, [0] * 64)


def load():
    closed = json.load(open(path))["inputs"]
    inputs.setValues(0, [int(address in closed) for address in range(64)])


def watch():
    while True:
        try:
            load()
        except (ValueError, OSError):
            pass  # Half written: the next look sees it whole.
        time.sleep(0.05)


load()
threading.Thread(target=watch, daemon=True).start()
context = ModbusServerContext(
    slaves={unit: ModbusSlaveContext(di=inputs, co=Coils(0, [0] * 64), zero_mode=True)}, single=False
)
print("up", flush=True)
StartTcpServer(context=context, address=("127.0.0.1", port), allow_reuse_address=True)
