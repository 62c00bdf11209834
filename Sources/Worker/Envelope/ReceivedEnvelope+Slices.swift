import Evaluation
import Vocabulary

/// Of versions compared by slice, by field: of each row one byte; then the rows with a value that the table did not know: row, field,
/// bytes of the name (UInt32 each), key (UInt64), the name.
extension ReceivedEnvelope {
  /// The places of the rows' values among the slices of a field.
  ///
  /// - Parameter fields: That versions are compared by.
  /// - Throws: `EnvelopeError`: the rank tells of other fields.
  func slicePlaces(of field: Int, fields: Int) throws -> UnsafeRawBufferPointer {
    guard slices.count >= fields * rowCount else { throw EnvelopeError.sizesDisagree(section: "slices") }
    return UnsafeRawBufferPointer(rebasing: slices[(field * rowCount)..<((field + 1) * rowCount)])
  }

  /// Calls `body` for each value that the rank's table did not know, by field, then by row.
  ///
  /// - Throws: `EnvelopeError` for what no rank of one pipeline sends.
  func forEachStranger(fields: Int, _ body: (StepSlices.Stranger) -> Void) throws {
    guard slices.count > fields * rowCount else { return }
    var reader = ByteReader(UnsafeRawBufferPointer(rebasing: slices[(fields * rowCount)...]))
    while reader.remaining > 0 {
      let (row, field) = (Int(try reader.read(UInt32.self)), Int(try reader.read(UInt32.self)))
      let length = Int(try reader.read(UInt32.self))
      let key: UInt64 = try reader.read()
      guard row < rowCount, field < fields, length <= SliceTable.nameBytesMax else {
        throw EnvelopeError.sizesDisagree(section: "slices")
      }
      body(StepSlices.Stranger(row: row, field: field, key: key, name: try reader.readText(length)))
    }
  }
}

extension StepEnvelopeWriter {
  /// Of which slices the rows are; comes before what was taken out of the step.
  mutating func append(slices: StepSlices?) {
    guard let slices, slices.count > 0 else { return }
    sections.add(EnvelopeSection.slices) { bytes in
      bytes.append(contentsOf: slices.places)
      for stranger in slices.strangers {
        bytes.append(raw: UInt32(stranger.row))
        bytes.append(raw: UInt32(stranger.field))
        bytes.append(raw: UInt32(stranger.name.utf8.count))
        bytes.append(raw: stranger.key)
        bytes.append(contentsOf: stranger.name.utf8)
      }
    }
  }
}

extension ByteReader {
  fileprivate mutating func readText(_ length: Int) throws -> String {
    String(decoding: try read(bytes: length), as: UTF8.self)
  }
}
