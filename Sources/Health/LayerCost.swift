import Vocabulary

/// What a layer's work takes: time, over the steps that were measured, and memory.
///
/// It is no part of what ranks agree on: clocks differ. Over ranks and windows times add up.
public struct LayerCost: Sendable, Hashable, Codable {
  /// Which way the work goes.
  public enum Pass: String, Sendable, Hashable, Codable, CaseIterable {
    case forward, backward, update
  }

  /// As profiles name it: beside the layers `input`, `embeddings` and `all layers`.
  public let layer: String
  /// That were measured.
  public var steps: Int64
  /// Nanoseconds of these steps.
  public var forward: Int64
  public var backward: Int64
  /// Of the optimiser.
  public var update: Int64
  /// Of `forward` and `backward`, what is done value by value beside the products: activation, normalisation, dropout, skip.
  public var elementwise: Int64
  /// Bytes that its values and their gradients take for the largest batch, for as long as a step lasts.
  public var activationBytes: Int64

  public init(
    layer: String, steps: Int64 = 0, forward: Int64 = 0, backward: Int64 = 0, update: Int64 = 0, elementwise: Int64 = 0,
    activationBytes: Int64 = 0
  ) {
    self.layer = layer
    self.steps = steps
    self.forward = forward
    self.backward = backward
    self.update = update
    self.elementwise = elementwise
    self.activationBytes = activationBytes
  }

  /// Nanoseconds of all passes.
  public var nanoseconds: Int64 { forward + backward + update }

  public func nanoseconds(_ pass: Pass) -> Int64 {
    switch pass {
    case .forward: forward
    case .backward: backward
    case .update: update
    }
  }

  /// Adds what another rank or a later window took.
  public mutating func merge(_ other: LayerCost) {
    steps += other.steps
    forward += other.forward
    backward += other.backward
    update += other.update
    elementwise += other.elementwise
    activationBytes = max(activationBytes, other.activationBytes)
  }
}

extension Array where Element == LayerCost {
  /// Adds layer by layer, by name; layers only `other` has are added at the end.
  public mutating func merge(_ other: [LayerCost]) { merge(other, by: \.layer) { $0.merge($1) } }

  /// Nanoseconds of all layers.
  public var nanoseconds: Int64 { reduce(0) { $0 + $1.nanoseconds } }
}

/// The compact form in envelopes and checkpoints. Version 1: the version byte, the number of layers, then for each its name and
/// fields in the order of their declaration.
extension Array where Element == LayerCost {
  private static var version: UInt8 { 1 }
  private static var layersMax: Int64 { 1024 }
  private static var layerNameBytesMax: Int { 256 }

  /// Appends the compact form; deterministic.
  public func encode(into bytes: inout [UInt8]) {
    var writer = CompactWriter(reserving: 16 + count * 48)
    writer.write(byte: Self.version)
    writer.write(count: Int64(count))
    for cost in self {
      writer.write(cost.layer)
      for number in [cost.steps, cost.forward, cost.backward, cost.update, cost.elementwise, cost.activationBytes] {
        writer.write(count: number)
      }
    }
    bytes.append(contentsOf: writer.bytes)
  }

  /// Reads the compact form back; all of `bytes` must be one list.
  ///
  /// - Throws: `DamagedBytes`.
  public static func decode(from bytes: UnsafeRawBufferPointer) throws -> [LayerCost] {
    var reader = unsafe CompactReader(bytes)
    let version = try reader.readByte()
    guard version == Self.version else { throw reader.damage("has the unknown version \(version)") }
    let costs = try (0..<reader.readCount(max: layersMax)).map { _ in
      LayerCost(
        layer: try reader.readString(bytesMax: layerNameBytesMax), steps: try reader.readCount(),
        forward: try reader.readCount(), backward: try reader.readCount(), update: try reader.readCount(),
        elementwise: try reader.readCount(), activationBytes: try reader.readCount())
    }
    try reader.finish()
    return costs
  }

  /// Reads the compact form back; all of `bytes` must be one list.
  public static func decode(from bytes: [UInt8]) throws -> [LayerCost] {
    unsafe try bytes.withUnsafeBytes { unsafe try decode(from: $0) }
  }
}
