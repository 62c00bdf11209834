import Tensors

/// What a rank's step carries beside the dense gradient: touched embedding rows, the moments of its inputs, a sample of its
/// rows, and values that have no row of their own.
///
/// Little-endian, 8-byte aligned parts: header (magic, rows, values, columns, sampled rows, rows they are of, sightings, 0: eight
/// UInt32; the weight of the rows sampled from: Float64), then per column count, mean and squares (Float64), then the sampled
/// rows' keys (UInt64) and values (Float32, padded to 8 bytes), then row numbers (UInt32, padded to 8 bytes), then values
/// (Float32, padded to 8 bytes), then sightings (feature, key of the record, hash of the value: UInt64 each).
enum Attachment {
  static let magic: UInt32 = 0x3341_5452  // "RTA3"
  static let headerBytes = 40
  private static let sightingBytes = 24

  static func byteCount(rows: Int, values: Int, columns: Int, sampled: Int, sightings: Int) -> Int {
    rowsOffset(columns: columns, sampled: sampled) + padded(rows * 4) + padded(values * 4) + sightings * sightingBytes
  }

  private static func sampleOffset(columns: Int) -> Int { headerBytes + columns * 24 }

  private static func rowsOffset(columns: Int, sampled: Int) -> Int {
    sampleOffset(columns: columns) + sampled * 8 + padded(sampled * columns * 4)
  }

  /// - Parameters:
  ///   - rows: Which of the share's touched rows, and `values` those of them.
  ///   - withSightings: With the values that have no row.
  static func append(
    _ share: StepShare, rows: Range<Int>, values: Range<Int>, withSightings: Bool = true, to bytes: inout [UInt8]
  ) {
    let (sparse, moments, sample, sightings) = (share.rows, share.moments, share.sample, share.sightings)
    let sighted = withSightings ? sightings.total : 0
    let size = byteCount(
      rows: rows.count, values: values.count, columns: moments.columns, sampled: sample.count, sightings: sighted)
    // Of many parts each would ask for just what it takes, and all be copied for it.
    if bytes.capacity < bytes.count + size { bytes.reserveCapacity(max(bytes.count + size, 2 * bytes.capacity)) }
    withUnsafeBytes(
      of: (
        magic.littleEndian, UInt32(rows.count).littleEndian, UInt32(values.count).littleEndian,
        UInt32(moments.columns).littleEndian, UInt32(sample.count).littleEndian, UInt32(sample.rowCount).littleEndian,
        UInt32(sighted).littleEndian, UInt32(0), sample.rowWeight
      )
    ) { bytes.append(contentsOf: $0) }
    for column in 0..<moments.columns {
      withUnsafeBytes(of: (moments.count[column], moments.mean[column], moments.squares[column])) {
        bytes.append(contentsOf: $0)
      }
    }
    for row in 0..<sample.count {
      withUnsafeBytes(of: sample.key(row).littleEndian) { bytes.append(contentsOf: $0) }
    }
    append(
      UnsafeRawBufferPointer(start: sample.values.pointer, count: sample.count * sample.columns * 4), to: &bytes)
    append(UnsafeRawBufferPointer(start: sparse.rows.pointer + rows.lowerBound, count: rows.count * 4), to: &bytes)
    append(
      UnsafeRawBufferPointer(start: sparse.values.pointer + values.lowerBound, count: values.count * 4), to: &bytes)
    guard sighted > 0 else { return }
    for feature in 0..<sightings.features {
      for entry in sightings.of(feature) {
        withUnsafeBytes(
          of: (UInt64(feature).littleEndian, entry.key.littleEndian, entry.hash.littleEndian)
        ) { bytes.append(contentsOf: $0) }
      }
    }
  }

  private static func append(_ part: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
    bytes.append(contentsOf: part)
    for _ in part.count..<padded(part.count) { bytes.append(0) }
  }

  private static func padded(_ count: Int) -> Int { (count + 7) & ~7 }

  /// One rank's attachment, checked in every size; valid as long as its bytes.
  struct View {
    let rowCount: Int
    let valueCount: Int
    /// Rows of the sample, and how many they were picked from.
    let sampled, sampledFrom: Int
    let sampledWeight: Double
    private let columns: Int
    private let sightings: Int
    private let rowsOffset: Int
    private let bytes: UnsafeRawBufferPointer

    /// - Throws: `LearningError.damaged` unless sizes agree and rows ascend within the tables.
    init(_ bytes: UnsafeRawBufferPointer, tables: EmbeddingTables, columns: Int) throws {
      guard bytes.count >= headerBytes, bytes.loadUnaligned(as: UInt32.self).littleEndian == magic else {
        throw LearningError(code: .damaged, reason: "an attachment without its header")
      }
      rowCount = Int(bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self).littleEndian)
      valueCount = Int(bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self).littleEndian)
      self.columns = Int(bytes.loadUnaligned(fromByteOffset: 12, as: UInt32.self).littleEndian)
      sampled = Int(bytes.loadUnaligned(fromByteOffset: 16, as: UInt32.self).littleEndian)
      sampledFrom = Int(bytes.loadUnaligned(fromByteOffset: 20, as: UInt32.self).littleEndian)
      sightings = Int(bytes.loadUnaligned(fromByteOffset: 24, as: UInt32.self).littleEndian)
      sampledWeight = bytes.loadUnaligned(fromByteOffset: 32, as: Double.self)
      self.bytes = bytes
      rowsOffset = Attachment.rowsOffset(columns: columns, sampled: sampled)
      guard self.columns == columns, sampled <= RowSample.rowsMax, sampledWeight.isFinite, sampledWeight >= 0,
        sightings <= tables.dictionaries.count * Sightings.most,
        bytes.count
          == byteCount(rows: rowCount, values: valueCount, columns: columns, sampled: sampled, sightings: sightings)
      else { throw LearningError(code: .damaged, reason: "an attachment whose sizes disagree") }
      try checkRows(tables)
      try checkSightings(tables)
    }

    private func checkSightings(_ tables: EmbeddingTables) throws {
      var before: (feature: Int, entry: Sightings.Entry)?
      for place in 0..<sightings {
        let (feature, entry) = sighting(place)
        let ascends = before.map { $0.feature < feature || ($0.feature == feature && $0.entry < entry) } ?? true
        guard ascends, tables.dictionaries.indices.contains(feature), entry.hash >> 32 != 0 else {
          throw LearningError(code: .damaged, reason: "an attachment whose values do not ascend within the features")
        }
        before = (feature, entry)
      }
    }

    private func sighting(_ place: Int) -> (feature: Int, Sightings.Entry) {
      let offset = bytes.count - (sightings - place) * sightingBytes
      func word(_ number: Int) -> UInt64 {
        bytes.loadUnaligned(fromByteOffset: offset + number * 8, as: UInt64.self).littleEndian
      }
      return (Int(clamping: word(0)), Sightings.Entry(key: word(1), hash: word(2)))
    }

    /// Calls `body` with each value that has no row of its own, and the place of its feature among those with dictionaries.
    func forEachSighting(_ body: (Sightings.Entry, Int) -> Void) {
      for place in 0..<sightings {
        let (feature, entry) = sighting(place)
        body(entry, feature)
      }
    }

    private func checkRows(_ tables: EmbeddingTables) throws {
      var values = 0
      var index = 0
      var previous = -1
      for table in tables.tables {
        let end = table.firstRow + table.buckets
        let first = index
        while index < rowCount {
          let row = Int(self.row(index))
          guard row < end else { break }
          guard row > previous else { throw Self.disorder }
          previous = row
          index += 1
        }
        values += (index - first) * tables.gradientWidth(table)
      }
      guard index == rowCount else { throw Self.disorder }
      guard values == valueCount else {
        throw LearningError(code: .damaged, reason: "an attachment whose rows do not fit its values")
      }
    }

    private static let disorder = LearningError(
      code: .damaged, reason: "an attachment whose rows do not ascend within the tables")

    func moment(_ column: Int) -> (count: Double, mean: Double, squares: Double) {
      let offset = headerBytes + column * 24
      return (
        bytes.loadUnaligned(fromByteOffset: offset, as: Double.self),
        bytes.loadUnaligned(fromByteOffset: offset + 8, as: Double.self),
        bytes.loadUnaligned(fromByteOffset: offset + 16, as: Double.self)
      )
    }

    func sampleKey(_ row: Int) -> UInt64 {
      bytes.loadUnaligned(
        fromByteOffset: Attachment.sampleOffset(columns: columns) + row * 8, as: UInt64.self
      ).littleEndian
    }

    /// Copies the values of a sampled row.
    func copySample(_ row: Int, to target: UnsafeMutablePointer<Float>) {
      let start = Attachment.sampleOffset(columns: columns) + sampled * 8 + row * columns * 4
      UnsafeMutableRawBufferPointer(start: target, count: columns * 4).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: bytes[start..<(start + columns * 4)]))
    }

    @inline(__always)
    func row(_ index: Int) -> UInt32 {
      bytes.loadUnaligned(fromByteOffset: rowsOffset + index * 4, as: UInt32.self)
    }

    /// The row numbers' bytes; not necessarily aligned.
    var rowNumbers: UnsafeRawPointer? { bytes.baseAddress.map { $0 + rowsOffset } }

    /// The values' bytes; not necessarily aligned.
    var values: UnsafeRawPointer? {
      bytes.baseAddress.map { $0 + rowsOffset + Attachment.padded(rowCount * 4) }
    }
  }
}
