import Vocabulary

/// The compact form in envelopes and checkpoints: the version byte, the number of layers, then for each layer its name and fields
/// in the order below; the buckets as pairs of place and count, because most are empty. Version 1 has no tensors.
extension Array where Element == LayerHealth {
  private static var version: UInt8 { 2 }
  private static var layersMax: Int64 { 1024 }
  private static var layerNameBytesMax: Int { 256 }
  private static var unitsMax: Int { 1 << 20 }

  /// Appends the compact form of the layers; deterministic.
  public func encode(into bytes: inout [UInt8]) {
    var writer = CompactWriter(reserving: 64 + count * 256)
    writer.write(byte: Self.version)
    writer.write(count: Int64(count))
    for layer in self {
      writer.write(layer.layer)
      writer.write(layer.sketch)
      writer.write(layer.gradientSquaredNormSum)
      writer.write(count: layer.steps)
      writer.write(layer.weightNorm)
      writer.write(layer.updateNormSum)
      writer.write(byte: layer.tensors == nil ? 0 : 1)
      for tensor in layer.tensors?.all ?? [] { writer.write(tensor.sketch) }
    }
    bytes.append(contentsOf: writer.bytes)
  }

  /// Reads the compact form back; all of `bytes` must be one list.
  ///
  /// - Throws: `DamagedBytes`.
  public static func decode(from bytes: UnsafeRawBufferPointer) throws -> [LayerHealth] {
    var reader = unsafe CompactReader(bytes)
    let version = try reader.readByte()
    guard (1...Self.version).contains(version) else { throw reader.damage("has the unknown version \(version)") }
    let layers = try (0..<reader.readCount(max: layersMax)).map { _ in
      var layer = LayerHealth(
        layer: try reader.readString(bytesMax: layerNameBytesMax), sketch: try reader.readSketch(unitsMax: unitsMax),
        gradientSquaredNormSum: try reader.readDouble(), steps: try reader.readCount(),
        weightNorm: try reader.readDouble(), updateNormSum: try reader.readDouble())
      if version > 1, try reader.readByte() != 0 {
        layer.tensors = TensorSketches(
          inputs: try reader.readSketch(unitsMax: 0), weights: try reader.readSketch(unitsMax: 0),
          gradients: try reader.readSketch(unitsMax: 0), updates: try reader.readSketch(unitsMax: 0))
      }
      return layer
    }
    try reader.finish()
    return layers
  }

  /// Reads the compact form back; all of `bytes` must be one list.
  public static func decode(from bytes: [UInt8]) throws -> [LayerHealth] {
    unsafe try bytes.withUnsafeBytes { unsafe try decode(from: $0) }
  }
}

extension CompactWriter {
  mutating func write(_ sketch: ActivationSketch) {
    for count in [sketch.count, sketch.zeros, sketch.negatives, sketch.saturated, sketch.nonFinite] {
      write(count: count)
    }
    write(sketch.minimum)
    write(sketch.maximum)
    write(sketch.sum)
    write(sketch.sumOfSquares)
    write(count: Int64(sketch.buckets.count { $0 != 0 }))
    for (bucket, count) in sketch.buckets.enumerated() where count != 0 {
      write(byte: UInt8(bucket))
      write(count: count)
    }
    write(counts: sketch.unitActivity)
  }
}

extension CompactReader {
  mutating func readSketch(unitsMax: Int) throws -> ActivationSketch {
    var sketch = ActivationSketch()
    sketch.count = try readCount()
    sketch.zeros = try readCount()
    sketch.negatives = try readCount()
    sketch.saturated = try readCount()
    sketch.nonFinite = try readCount()
    sketch.minimum = try readFloat()
    sketch.maximum = try readFloat()
    sketch.sum = try readDouble()
    sketch.sumOfSquares = try readDouble()
    for _ in 0..<(try readCount(max: Int64(ActivationSketch.bucketCount))) {
      let bucket = Int(try readByte())
      guard bucket < ActivationSketch.bucketCount else { throw damage("names the bucket \(bucket)") }
      sketch.buckets[bucket] = try readCount()
      sketch.sampled += sketch.buckets[bucket]
    }
    sketch.unitActivity = try readCounts(elementsMax: unitsMax)
    return sketch
  }
}
