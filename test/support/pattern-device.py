#!/usr/bin/python3
"""An independent Modbus device (pymodbus) whose every register says where it is and how it was asked for, so that any mix-up shows.

usage: pattern-device.py mbap|rtu <port> <units>   units 1 to <units>; register = (address * 31 + unit * 7 + function * 1009) & 0xffff
Prints one line when it is about to serve.
"""
import sys

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.server import StartTcpServer
from pymodbus.transaction import ModbusRtuFramer, ModbusSocketFramer

framing, port, units = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


def block(unit, function):
    return ModbusSequentialDataBlock(0, [(at * 31 + unit * 7 + function * 1009) & 0xFFFF for at in range(65536)])


slaves = {unit: ModbusSlaveContext(hr=block(unit, 3), ir=block(unit, 4), zero_mode=True) for unit in range(1, units + 1)}
print("serving", framing, port, flush=True)
StartTcpServer(
    context=ModbusServerContext(slaves=slaves, single=False),
    address=("127.0.0.1", port),
    framer=ModbusSocketFramer if framing == "mbap" else ModbusRtuFramer,
    allow_reuse_address=True,
)
