import protobuf from "protobufjs";

// The part of ONNX's file format (onnx.proto3 of the ONNX project: messages and field numbers) that we look at; a reader
// skips what is not named here.
const SCHEMA = `
syntax = "proto3";
package onnx;
message StringStringEntryProto { string key = 1; string value = 2; }
message TensorProto {
  repeated int64 dims = 1;
  int32 data_type = 2;
  repeated float float_data = 4;
  repeated int32 int32_data = 5;
  repeated int64 int64_data = 7;
  string name = 8;
  bytes raw_data = 9;
  repeated StringStringEntryProto external_data = 13;
  int32 data_location = 14;
}
message AttributeProto {
  string name = 1;
  float f = 2;
  int64 i = 3;
  bytes s = 4;
  TensorProto t = 5;
  GraphProto g = 6;
  repeated float floats = 7;
  repeated int64 ints = 8;
  int32 type = 20;
}
message NodeProto {
  repeated string input = 1;
  repeated string output = 2;
  string name = 3;
  string op_type = 4;
  repeated AttributeProto attribute = 5;
  string domain = 7;
}
message Dimension { oneof value { int64 dim_value = 1; string dim_param = 2; } }
message TensorShapeProto { repeated Dimension dim = 1; }
message TensorTypeProto { int32 elem_type = 1; TensorShapeProto shape = 2; }
message TypeProto { TensorTypeProto tensor_type = 1; }
message ValueInfoProto { string name = 1; TypeProto type = 2; string doc_string = 3; }
message GraphProto {
  repeated NodeProto node = 1;
  string name = 2;
  repeated TensorProto initializer = 5;
  repeated ValueInfoProto input = 11;
  repeated ValueInfoProto output = 12;
}
message OperatorSetIdProto { string domain = 1; int64 version = 2; }
message ModelProto {
  int64 ir_version = 1;
  string producer_name = 2;
  string producer_version = 3;
  string doc_string = 6;
  GraphProto graph = 7;
  repeated OperatorSetIdProto opset_import = 8;
  repeated StringStringEntryProto metadata_props = 14;
}
`;

/** Reads and writes ONNX files (their part named above). */
export const ModelProto = protobuf.parse(SCHEMA, { keepCase: true }).root.lookupType("onnx.ModelProto");

/** TensorProto.DataType */
export const DATA_TYPE = { float32: 1, uint8: 2, int32: 6, int64: 7, float16: 10, float64: 11 } as const;

export interface TensorMessage {
  readonly name?: string;
  readonly dims?: readonly (number | { toNumber(): number })[];
  readonly data_type?: number;
  readonly float_data?: readonly number[];
  /** Holds the bit patterns of float16 numbers too. */
  readonly int32_data?: readonly number[];
  readonly raw_data?: Uint8Array;
  readonly external_data?: readonly { readonly key: string; readonly value: string }[];
}

export interface AttributeMessage {
  readonly name: string;
  readonly f?: number;
  readonly t?: TensorMessage | null;
  readonly g?: GraphMessage | null;
  readonly floats?: readonly number[];
}

export interface NodeMessage {
  readonly input?: readonly string[];
  readonly output?: readonly string[];
  readonly op_type?: string;
  readonly attribute?: readonly AttributeMessage[];
}

export interface GraphMessage {
  readonly node?: readonly NodeMessage[];
  readonly initializer?: readonly TensorMessage[];
}

/** @throws what the reader throws for bytes that are no such message. */
export function readModelMessage(bytes: Uint8Array): GraphMessage {
  return (ModelProto.decode(bytes) as unknown as { graph?: GraphMessage }).graph ?? {};
}
