import Foundation
import Ingest

/// The inputs that a model reads, found by the bytes of their names: mostly at the place where the next is expected, for
/// clients send them in one order.
struct ColumnTable {
  /// In the order of the schema.
  let names: [String]
  let columns: [Intake.Column]
  /// The names' bytes, one after the other, and where each ends.
  private let bytes: [UInt8]
  private let ends: [Int]
  /// Places by the hash of their name, the next one free where two meet; negative: none.
  private let slots: [Int32]
  private let byText: [String: Int]

  init(_ features: [(name: String, column: Intake.Column)]) {
    names = features.map(\.name)
    columns = features.map(\.column)
    bytes = names.flatMap { Array($0.utf8) }
    var ends: [Int] = []
    for name in names { ends.append((ends.last ?? 0) + name.utf8.count) }
    self.ends = ends
    var size = 2
    while size < 2 * names.count { size *= 2 }
    var slots = [Int32](repeating: -1, count: size)
    for (place, name) in names.enumerated() {
      var slot = Int(truncatingIfNeeded: hashCategory(name)) & (size - 1)
      while slots[slot] >= 0 { slot = (slot + 1) & (size - 1) }
      slots[slot] = Int32(place)
    }
    self.slots = slots
    byText = Dictionary(names.enumerated().map { ($0.element, $0.offset) }) { first, _ in first }
  }

  /// Where an input of that name lies; nil: there is none.
  ///
  /// - Parameter guess: Where it is looked for first.
  func place(of tensor: InferRequest.Tensor, guess: Int) -> Int? {
    if tensor.isPlain {
      if guess < names.count, isName(guess, tensor.nameBytes) { return guess }
      var slot = Int(truncatingIfNeeded: hashCategory(tensor.nameBytes)) & (slots.count - 1)
      while slots[slot] >= 0 {
        if isName(Int(slots[slot]), tensor.nameBytes) { return Int(slots[slot]) }
        slot = (slot + 1) & (slots.count - 1)
      }
    }
    // The same letter may be written in several ways.
    return byText[tensor.name]
  }

  private func isName(_ place: Int, _ name: UnsafeRawBufferPointer) -> Bool {
    let start = place > 0 ? ends[place - 1] : 0
    guard ends[place] - start == name.count, let base = name.baseAddress else { return false }
    return bytes.withUnsafeBytes { memcmp($0.baseAddress! + start, base, name.count) == 0 }
  }
}
