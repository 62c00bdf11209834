import Vocabulary

extension RowSample {
  private static let version: UInt8 = 1
  private static let nameBytesMax = 4096
  private static let rowsMax: Int64 = 1 << 16

  /// The compact form: the same bytes for the same records, whoever took which of them.
  public func encoded() -> [UInt8] {
    let sample = settled()
    var writer = CompactWriter(reserving: 1024 + sample.count * (8 + 4 * columns.count))
    writer.write(byte: Self.version)
    writer.write(count: Int64(columns.count))
    for column in columns {
      writer.write(column.name)
      writer.write(byte: UInt8(RowColumn.Role.allCases.firstIndex(of: column.role) ?? 0))
      writer.write(byte: UInt8(RowColumn.Kind.allCases.firstIndex(of: column.kind) ?? 0))
      writer.write(column.reading)
    }
    writer.write(count: seen)
    writer.write(count: Int64(sample.count))
    for place in 0..<sample.count {
      writer.write(sample.keys[place])
      for (column, cell) in zip(columns, sample.row(place)) {
        switch column.kind {
        case .number: writer.write(cell.number)
        case .category: writer.write(UInt64(cell.bits))
        }
      }
    }
    return writer.bytes
  }

  /// Reads the compact form back; all of `bytes` must be one sample.
  ///
  /// - Throws: `DamagedBytes`.
  public init(decoding bytes: UnsafeRawBufferPointer) throws {
    var reader = unsafe CompactReader(bytes)
    let version = try reader.readByte()
    guard version == Self.version else { throw reader.damage("has the unknown version \(version)") }
    let columns = try (0..<reader.readCount(max: Int64(Self.columnsMax))).map { _ in
      let name = try reader.readString(bytesMax: Self.nameBytesMax)
      let (role, kind) = (Int(try reader.readByte()), Int(try reader.readByte()))
      guard RowColumn.Role.allCases.indices.contains(role), RowColumn.Kind.allCases.indices.contains(kind) else {
        throw reader.damage("has a column of an unknown kind")
      }
      let reading = try reader.readUInt64()
      return RowColumn(name, RowColumn.Role.allCases[role], RowColumn.Kind.allCases[kind], reading: reading)
    }
    self.init(columns)
    let seen = try reader.readCount()
    let rows = Int(try reader.readCount(max: Self.rowsMax))
    // A key and a cell take a byte at least each.
    guard rows <= capacity, rows <= seen, rows * (1 + columns.count) <= reader.remaining else {
      throw reader.damage("holds \(rows) records")
    }
    for _ in 0..<rows {
      let key = try reader.readUInt64()
      guard wants(key) else { throw reader.damage("holds a record that is none of the sample") }
      var row: [RowCell] = []
      for column in columns {
        if column.kind == .number {
          row.append(RowCell(try reader.readFloat()))
          continue
        }
        guard let bits = UInt32(exactly: try reader.readUInt64()) else { throw reader.damage("holds too large a cell") }
        row.append(RowCell(bits: bits))
      }
      append(key) { $0.append(contentsOf: row) }
    }
    self.seen = seen
    try reader.finish()
  }

  public init(decoding bytes: [UInt8]) throws {
    self = unsafe try bytes.withUnsafeBytes { unsafe try RowSample(decoding: $0) }
  }
}
