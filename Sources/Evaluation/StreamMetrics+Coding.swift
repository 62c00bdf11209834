import Vocabulary

/// The compact form. Version 1: the version byte, the task, then the fields in the order below; version 2, where a record
/// had a weight other than 1, has the sum of weights behind the records, and tallies that are no whole numbers. At most about 64 KiB
/// (13 after 250,000 records of a usual binary task), at most 10 KiB for Huber and quantile, tens of bytes for the other
/// tasks. Kinds of tasks are only ever appended.
extension StreamMetrics {
  private static let versions: ClosedRange<UInt8> = 1...2
  private static let classesMax: Int64 = 1 << 16

  /// Appends the compact form; deterministic.
  public func encode(into bytes: inout [UInt8]) {
    var writer = CompactWriter(reserving: 4096)
    let areWhole = weightSum == nil
    writer.write(byte: areWhole ? 1 : 2)
    switch task {
    case .binary: writer.write(byte: 0)
    case .regression: writer.write(byte: 1)
    case .multiclass(let classes):
      writer.write(byte: 2)
      writer.write(count: Int64(classes))
    case .huber(let delta):
      writer.write(byte: 3)
      writer.write(delta)
    case .quantile(let level):
      writer.write(byte: 4)
      writer.write(level)
    case .poisson: writer.write(byte: 5)
    }
    writer.write(count: records)
    if let weightSum { writer.write(weightSum) }
    writer.write(count: nonFiniteOutputs)
    writer.write(lossSum)
    writer.write(absoluteErrorSum)
    binary?.encode(into: &writer, areWhole: areWhole)
    multiclass?.encode(into: &writer, areWhole: areWhole)
    labels?.encode(into: &writer, areWhole: areWhole)
    values?.encode(into: &writer, areWhole: areWhole)
    bytes.append(contentsOf: writer.bytes)
  }

  /// Reads the compact form back; all of `bytes` must be one value.
  ///
  /// - Throws: `DamagedBytes`.
  public init(decoding bytes: UnsafeRawBufferPointer) throws {
    var reader = unsafe CompactReader(bytes)
    let version = try reader.readByte()
    guard Self.versions.contains(version) else { throw reader.damage("has the unknown version \(version)") }
    let kind = try reader.readByte()
    switch kind {
    case 0: self.init(task: .binary)
    case 1: self.init(task: .regression)
    case 2:
      let classes = Int(try reader.readCount(max: Self.classesMax))
      guard classes >= 1 else { throw reader.damage("has no class") }
      self.init(task: .multiclass(classes))
    case 3:
      let delta = try reader.readDouble()
      guard delta > 0, delta.isFinite else { throw reader.damage("has the Huber bound \(delta)") }
      self.init(task: .huber(delta: delta))
    case 4:
      let level = try reader.readDouble()
      guard level > 0, level < 1 else { throw reader.damage("has the quantile \(level)") }
      self.init(task: .quantile(level: level))
    case 5: self.init(task: .poisson)
    default: throw reader.damage("has the unknown task \(kind)")
    }
    records = try reader.readCount()
    let areWhole = version == 1
    if !areWhole { weightSum = try reader.readTally(isWhole: false) }
    nonFiniteOutputs = try reader.readCount()
    lossSum = try reader.readDouble()
    absoluteErrorSum = try reader.readDouble()
    switch task {
    case .binary: binary = try BinaryTally(decoding: &reader, areWhole: areWhole)
    case .multiclass(let classes): multiclass = try ClassTally(decoding: &reader, classes: classes, areWhole: areWhole)
    case .regression: labels = try RunningMoments(decoding: &reader, areWhole: areWhole)
    case .huber, .quantile, .poisson:
      labels = try RunningMoments(decoding: &reader, areWhole: areWhole)
      values = try ValueTally(decoding: &reader, task: task, areWhole: areWhole)
    }
    try reader.finish()
  }

  /// Reads the compact form back; all of `bytes` must be one value.
  public init(decoding bytes: [UInt8]) throws {
    self = unsafe try bytes.withUnsafeBytes { unsafe try StreamMetrics(decoding: $0) }
  }
}
