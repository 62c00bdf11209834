import Foundation
import Vocabulary

/// A version's pairs by slice, in memory that is there from the beginning: a step adds to it and asks for none.
///
/// Written down as one text of the slices that have pairs, at most 250 bytes each.
public struct SliceScores: Sendable, Hashable, Codable {
  /// Shape [fields × `SliceTable.placesPerField`].
  private var pairs: [PairedDifference]
  /// Of two classes, wrong answers; the same shape.
  private var errors: [BoundedDifference]

  init(fields: Int) {
    let count = fields * SliceTable.placesPerField
    pairs = Array(repeating: PairedDifference(), count: count)
    errors = Array(repeating: BoundedDifference(), count: count)
  }

  var fieldCount: Int { pairs.count / SliceTable.placesPerField }

  public func pairs(of field: Int, place: Int) -> PairedDifference {
    pairs[field * SliceTable.placesPerField + place]
  }

  public func errors(of field: Int, place: Int) -> BoundedDifference {
    errors[field * SliceTable.placesPerField + place]
  }

  mutating func add(_ loss: Double, reference: Double, isPositive: Bool?, weight: Double, field: Int, place: Int) {
    let slot = field * SliceTable.placesPerField + place
    pairs[slot].add(candidate: loss, baseline: reference, weight: weight)
    guard isPositive != nil, loss.isFinite else { return }
    errors[slot].add(candidateErrs: exp(-loss) < 0.5, baselineErrs: exp(-reference) < 0.5)
  }

  /// With the fields in other places; nil: one that is new.
  func aligned(_ origins: [Int?]) -> SliceScores {
    var scores = SliceScores(fields: origins.count)
    let length = SliceTable.placesPerField
    for (field, origin) in origins.enumerated() {
      guard let origin, origin < fieldCount else { continue }
      let (new, old) = (field * length..<(field + 1) * length, origin * length..<(origin + 1) * length)
      scores.pairs.replaceSubrange(new, with: pairs[old])
      scores.errors.replaceSubrange(new, with: errors[old])
    }
    return scores
  }

  public func encode(to encoder: any Encoder) throws {
    var writer = CompactWriter()
    writer.write(byte: 1)
    writer.write(count: Int64(fieldCount))
    for slot in pairs.indices where pairs[slot].count > 0 || pairs[slot].nonFinite > 0 {
      writer.write(count: Int64(slot))
      pairs[slot].encode(into: &writer)
      errors[slot].encode(into: &writer)
    }
    var container = encoder.singleValueContainer()
    try container.encode(Data(writer.bytes))
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let bytes = [UInt8](try container.decode(Data.self))
    do { self = try SliceScores(decoding: bytes) } catch {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "pairs by slice cannot be read: \(error)")
    }
  }

  private init(decoding bytes: [UInt8]) throws {
    self = unsafe try bytes.withUnsafeBytes { bytes in
      var reader = unsafe CompactReader(bytes)
      let version = try reader.readByte()
      guard version == 1 else { throw reader.damage("has the unknown version \(version)") }
      var scores = SliceScores(fields: Int(try reader.readCount(max: Int64(SliceTable.fieldsMax))))
      var next: Int64 = 0
      while reader.remaining > 0 {
        let slot = try reader.readCount(max: Int64(scores.pairs.count) - 1)
        guard slot >= next else { throw reader.damage("has a slice out of order, or twice") }
        next = slot + 1
        scores.pairs[Int(slot)] = try PairedDifference(decoding: &reader)
        scores.errors[Int(slot)] = try BoundedDifference(decoding: &reader)
      }
      return scores
    }
  }
}
