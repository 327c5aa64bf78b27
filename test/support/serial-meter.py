#!/usr/bin/python3
"""An independent Modbus RTU device on a serial line (pymodbus), for tests.

usage: serial-meter.py <device> <baud> '<json>'   with {"<unit>": [[start, [word, ...]], ...], ...}
Each unit serves its words as holding and as input registers, and 0 elsewhere; other units are silent, as on a real line.
Prints one line when it is about to serve.
"""
import json
import sys

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.server import StartSerialServer
from pymodbus.transaction import ModbusRtuFramer

device, baud, image = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
slaves = {}
for unit, blocks in image.items():
    memory = ModbusSequentialDataBlock(0, [0] * 65536)
    for start, words in blocks:
        memory.setValues(start, words)
    slaves[int(unit)] = ModbusSlaveContext(di=memory, co=memory, hr=memory, ir=memory, zero_mode=True)
print("serving", device, flush=True)
# ignore_missing_slaves: a unit that is not there keeps silent instead of answering for a gateway.
StartSerialServer(
    context=ModbusServerContext(slaves=slaves, single=False),
    framer=ModbusRtuFramer,
    port=device,
    baudrate=baud,
    timeout=0.005,
    ignore_missing_slaves=True,
)
