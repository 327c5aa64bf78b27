#!/usr/bin/python3
"""Serves many meters in one process on Debian's python3-pymodbus: Modbus TCP, RTU over TCP and Modbus over UDP, each on a free port.

usage: /usr/bin/python3 pymodbus_meters.py meters.json

The file: [{"unit": 1, "functionCode": 3, "registers": {"19000": 17254, ...}}, ...]. Standard output, when all listen: one line of
JSON {"tcp": port, "rtuOverTcp": port, "udp": port}. A register that was not given, and the other kind of register, is exception 2: who reads
more than is there is told so. Runs until it is ended.
"""
import asyncio, json, sys

from pymodbus.datastore import ModbusServerContext, ModbusSlaveContext, ModbusSparseDataBlock
from pymodbus.server.async_io import ModbusConnectedRequestHandler, ModbusDisconnectedRequestHandler, ModbusTcpServer, ModbusUdpServer
from pymodbus.transaction import ModbusRtuFramer, ModbusSocketFramer


def context(meters):
    nothing = ModbusSparseDataBlock({})
    slaves = {}
    for meter in meters:
        block = ModbusSparseDataBlock({int(at): word for at, word in meter["registers"].items()})
        holding, inputs = (block, nothing) if meter["functionCode"] == 3 else (nothing, block)
        slaves[meter["unit"]] = ModbusSlaveContext(di=nothing, co=nothing, hr=holding, ir=inputs, zero_mode=True)
    return ModbusServerContext(slaves=slaves, single=False)


# pymodbus writes the server into the class of its handler: each server needs a class of its own.
class TcpHandler(ModbusConnectedRequestHandler):
    pass


class RtuHandler(ModbusConnectedRequestHandler):
    pass


async def main():
    served = context(json.load(open(sys.argv[1])))
    here = ("127.0.0.1", 0)
    tcp = ModbusTcpServer(served, framer=ModbusSocketFramer, address=here, handler=TcpHandler)
    rtu = ModbusTcpServer(served, framer=ModbusRtuFramer, address=here, handler=RtuHandler)
    udp = ModbusUdpServer(served, framer=ModbusSocketFramer, address=here, handler=ModbusDisconnectedRequestHandler)
    for server in (tcp, rtu, udp):
        server.task = asyncio.ensure_future(server.serve_forever())
        await server.serving
    ports = {"tcp": tcp.server.sockets[0].getsockname()[1], "rtuOverTcp": rtu.server.sockets[0].getsockname()[1],
             "udp": udp.protocol.get_extra_info("sockname")[1]}
    print(json.dumps(ports), flush=True)
    await asyncio.gather(tcp.task, rtu.task, udp.task)


asyncio.run(main())
