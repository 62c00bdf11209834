import Foundation
import Vocabulary

/// Scores of both classes counted in narrow slots of logit space: a mergeable stand-in for the
/// sorted list of scores that the area under the ROC curve needs.
///
/// Slots are 1/512 wide where |logit| < 4, 1/128 up to 16 (probabilities 1.1e−7 … 1 − 1.1e−7); what lies beyond is in
/// the outermost. Scores in one slot count as ties. Within so narrow a slot both classes lie almost evenly, so that the
/// error of the area stays below 1e−4 from some thousand records on, even for scores that spread over a few tenths of a
/// logit only.
struct ScoreHistogram: Sendable, Hashable {
  static let slotCount = 2 * slotsPerSide
  private static let slotsPerSide = 4 * 512 + 12 * 128

  private(set) var negatives = [Double](repeating: 0, count: slotCount)
  private(set) var positives = [Double](repeating: 0, count: slotCount)

  static func slot(of probability: Double) -> Int {
    // Clipped before the conversion: the logit of 0 and 1 is infinite.
    let logit = min(max(log(probability / (1 - probability)), -16), 16)
    let distance = abs(logit)
    let place = Int(distance < 4 ? distance * 512 : 4 * 512 + (distance - 4) * 128)
    let slot = logit < 0 ? slotsPerSide - 1 - place : slotsPerSide + place
    return min(max(slot, 0), slotCount - 1)
  }

  mutating func add(_ probability: Double, isPositive: Bool, weight: Double = 1) {
    let slot = Self.slot(of: probability)
    if isPositive { positives[slot] += weight } else { negatives[slot] += weight }
  }

  mutating func merge(_ other: ScoreHistogram) {
    for slot in 0..<Self.slotCount {
      negatives[slot] += other.negatives[slot]
      positives[slot] += other.positives[slot]
    }
  }

  /// The probability that a positive scores above a negative, ties counting half; nil unless there are both.
  ///
  /// - Source: Mann & Whitney 1947; Hanley & McNeil 1982 (its equality with the area under the ROC curve).
  var areaUnderCurve: Double? {
    var negativesBelow = 0.0
    var wins = 0.0
    var positiveTotal = 0.0
    for slot in 0..<Self.slotCount {
      let (positive, negative) = (positives[slot], negatives[slot])
      wins += positive * (negativesBelow + negative / 2)
      negativesBelow += negative
      positiveTotal += positive
    }
    return positiveTotal > 0 && negativesBelow > 0 ? wins / (positiveTotal * negativesBelow) : nil
  }

  fileprivate mutating func set(slot: Int, negatives: Double, positives: Double) {
    self.negatives[slot] = negatives
    self.positives[slot] = positives
  }

  fileprivate var filledSlots: [Int] {
    (0..<Self.slotCount).filter { negatives[$0] != 0 || positives[$0] != 0 }
  }
}

/// Only filled slots are written: a model's scores fill a few hundred of them.
extension ScoreHistogram {
  /// The number of filled slots, then each as its gap to the one before, negatives, positives.
  func encode(into writer: inout CompactWriter, areWhole: Bool) {
    let filled = filledSlots
    writer.write(count: Int64(filled.count))
    var next = 0
    for slot in filled {
      writer.write(count: Int64(slot - next))
      writer.write(tally: negatives[slot], isWhole: areWhole)
      writer.write(tally: positives[slot], isWhole: areWhole)
      next = slot + 1
    }
  }

  init(decoding reader: inout CompactReader, areWhole: Bool) throws {
    var next = 0
    for _ in 0..<(try reader.readCount(max: Int64(Self.slotCount))) {
      let slot = next + Int(try reader.readCount(max: Int64(Self.slotCount)))
      guard slot < Self.slotCount else { throw reader.damage("names the score slot \(slot)") }
      set(
        slot: slot, negatives: try reader.readTally(isWhole: areWhole),
        positives: try reader.readTally(isWhole: areWhole))
      next = slot + 1
    }
  }
}

extension ScoreHistogram: Codable {
  private enum Key: String, CodingKey { case slots, negatives, positives }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    let filled = filledSlots
    try container.encode(filled, forKey: .slots)
    try container.encode(filled.map { negatives[$0] }, forKey: .negatives)
    try container.encode(filled.map { positives[$0] }, forKey: .positives)
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    let slots = try container.decode([Int].self, forKey: .slots)
    let negatives = try container.decode([Double].self, forKey: .negatives)
    let positives = try container.decode([Double].self, forKey: .positives)
    let isSound =
      slots.count == negatives.count && slots.count == positives.count
      && slots.allSatisfy { (0..<Self.slotCount).contains($0) }
    guard isSound else {
      throw DecodingError.dataCorruptedError(
        forKey: .slots, in: container,
        debugDescription: "a slot outside 0 ..< \(Self.slotCount), or not one count a slot")
    }
    for (place, slot) in slots.enumerated() {
      set(slot: slot, negatives: negatives[place], positives: positives[place])
    }
  }
}
