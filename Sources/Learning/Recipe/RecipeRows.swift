import Tensors

/// The records of a step as ranks send them to each other: all that a record is, so that every rank learns it.
///
/// Little-endian: header (magic, rows, numbers, columns of categories, parts, 1 where records have weights: six UInt32), by part
/// its partition and rows (UInt32 each), then row by row numbers (Float32), categories (UInt32), label and weight (Float32).
enum RecipeRows {
  private static let magic: UInt32 = 0x3152_4152  // "RAR1"
  private static let headerBytes = 24

  /// The most bytes of so many rows.
  static func bytesMax(rows: Int, _ shape: BatchShape) -> Int {
    headerBytes + 8 * rows + rows * 4 * (shape.numbers + shape.categoryColumns + 2)
  }

  static func append(_ batch: FeatureBatch, _ parts: BatchParts?, to bytes: inout [UInt8]) {
    bytes.reserveCapacity(
      bytes.count + headerBytes + 8 * (parts?.parts.count ?? 0)
        + batch.count * 4 * (batch.numberCount + batch.categoryCount + 2))
    func write(_ number: UInt32) { withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) } }
    write(magic)
    write(UInt32(batch.count))
    write(UInt32(batch.numberCount))
    write(UInt32(batch.categoryCount))
    write(UInt32(parts?.parts.count ?? 0))
    write(batch.weights == nil ? 0 : 1)
    for part in parts?.parts ?? [] {
      write(UInt32(part.partition))
      write(UInt32(part.rows.count))
    }
    for row in 0..<batch.count {
      bytes.append(
        contentsOf: UnsafeRawBufferPointer(
          start: batch.numbers + row * batch.numberCount, count: batch.numberCount * 4))
      bytes.append(
        contentsOf: UnsafeRawBufferPointer(
          start: batch.categories + row * batch.categoryCount, count: batch.categoryCount * 4))
      write(batch.labels[row * batch.labelCount].bitPattern)
      write((batch.weights?[row] ?? 1).bitPattern)
    }
  }

  /// Rows of one partition, or of a rank, that lie together.
  struct Stretch {
    fileprivate let partition: UInt32
    fileprivate let place, rows: Int
    fileprivate let from: UnsafeRawBufferPointer
  }

  /// Reads all ranks' rows into one batch: in rank order, and where they come by partition in that of the partitions.
  ///
  /// - Parameters:
  ///   - batch: With weights; becomes empty, then takes them.
  ///   - stretches: Memory that is kept from step to step.
  /// - Throws: `LearningError.damaged`.
  static func gather(
    _ attachments: [UnsafeRawBufferPointer], into batch: FeatureBatch, _ stretches: inout [Stretch]
  ) throws {
    stretches.removeAll(keepingCapacity: true)
    let rowBytes = 4 * (batch.numberCount + batch.categoryCount + 2)
    for bytes in attachments where !bytes.isEmpty {
      func number(_ place: Int) -> UInt32 {
        UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * place, as: UInt32.self))
      }
      guard bytes.count >= headerBytes, number(0) == magic else { throw damage("no header") }
      let (rows, parts) = (Int(number(1)), Int(number(4)))
      guard number(2) == UInt32(batch.numberCount), number(3) == UInt32(batch.categoryCount) else {
        throw damage("records of another form")
      }
      guard rows <= batch.capacity, parts <= batch.capacity,
        bytes.count == headerBytes + 8 * parts + rows * rowBytes
      else { throw damage("\(rows) records and \(parts) parts in \(bytes.count) bytes") }
      var next = headerBytes + 8 * parts
      var left = rows
      for part in 0..<max(1, parts) {
        let count = parts == 0 ? rows : Int(number(6 + 2 * part + 1))
        guard count <= left else { throw damage("a part of \(count) records where \(left) are left") }
        let end = next + count * rowBytes
        stretches.append(
          Stretch(
            partition: parts == 0 ? 0 : number(6 + 2 * part), place: stretches.count, rows: count,
            from: UnsafeRawBufferPointer(rebasing: bytes[next..<end])))
        (next, left) = (end, left - count)
      }
      guard left == 0 else { throw damage("\(left) records without a part") }
    }
    stretches.sort { ($0.partition, $0.place) < ($1.partition, $1.place) }
    batch.count = 0
    for stretch in stretches {
      guard batch.count + stretch.rows <= batch.capacity else { throw damage("more records than a step has") }
      for row in 0..<stretch.rows { read(stretch.from, row * rowBytes, into: batch) }
    }
  }

  private static func read(_ bytes: UnsafeRawBufferPointer, _ offset: Int, into batch: FeatureBatch) {
    let row = batch.count
    batch.count += 1
    var at = offset
    for column in 0..<batch.numberCount {
      batch.numbers[row * batch.numberCount + column] = bytes.loadUnaligned(fromByteOffset: at, as: Float.self)
      at += 4
    }
    for column in 0..<batch.categoryCount {
      batch.categories[row * batch.categoryCount + column] = bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self)
      at += 4
    }
    batch.labels[row * batch.labelCount] = bytes.loadUnaligned(fromByteOffset: at, as: Float.self)
    batch.weights?[row] = bytes.loadUnaligned(fromByteOffset: at + 4, as: Float.self)
  }

  private static func damage(_ what: String) -> LearningError {
    LearningError(code: .damaged, reason: "another worker's records: \(what)")
  }
}
