import Tensors

/// What a rank's step carries beside the dense gradient: touched embedding rows, the moments of its inputs, and a sample of
/// its rows.
///
/// Little-endian, 8-byte aligned parts: header (magic, rows, values, columns, sampled rows, rows they are of: six UInt32), then
/// per column count, mean and squares (Float64), then the sampled rows' keys (UInt64) and values (Float32, padded to 8 bytes),
/// then row numbers (UInt32, padded to 8 bytes), then values (Float32, padded to 8 bytes).
enum Attachment {
  static let magic: UInt32 = 0x3241_5452  // "RTA2"
  static let headerBytes = 24

  static func byteCount(rows: Int, values: Int, columns: Int, sampled: Int) -> Int {
    rowsOffset(columns: columns, sampled: sampled) + padded(rows * 4) + padded(values * 4)
  }

  private static func sampleOffset(columns: Int) -> Int { headerBytes + columns * 24 }

  private static func rowsOffset(columns: Int, sampled: Int) -> Int {
    sampleOffset(columns: columns) + sampled * 8 + padded(sampled * columns * 4)
  }

  static func append(_ sparse: SparseRows, _ moments: Moments, _ sample: RowSample, to bytes: inout [UInt8]) {
    bytes.reserveCapacity(
      bytes.count
        + byteCount(
          rows: sparse.count, values: sparse.valueCount, columns: moments.columns, sampled: sample.count))
    withUnsafeBytes(
      of: (
        magic.littleEndian, UInt32(sparse.count).littleEndian, UInt32(sparse.valueCount).littleEndian,
        UInt32(moments.columns).littleEndian, UInt32(sample.count).littleEndian, UInt32(sample.rowCount).littleEndian
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
    append(UnsafeRawBufferPointer(start: sparse.rows.pointer, count: sparse.count * 4), to: &bytes)
    append(UnsafeRawBufferPointer(start: sparse.values.pointer, count: sparse.valueCount * 4), to: &bytes)
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
    private let columns: Int
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
      self.bytes = bytes
      rowsOffset = Attachment.rowsOffset(columns: columns, sampled: sampled)
      guard self.columns == columns, sampled <= RowSample.rowsMax,
        bytes.count == byteCount(rows: rowCount, values: valueCount, columns: columns, sampled: sampled)
      else { throw LearningError(code: .damaged, reason: "an attachment whose sizes disagree") }
      try checkRows(tables)
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

    /// The values' bytes; not necessarily aligned.
    var values: UnsafeRawPointer? {
      bytes.baseAddress.map { $0 + rowsOffset + Attachment.padded(rowCount * 4) }
    }
  }
}
