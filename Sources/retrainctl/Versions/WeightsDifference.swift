import Foundation
import Learning

/// How far the parameters of two models are apart, part by part.
struct WeightsDifference: Encodable {
  struct Part: Encodable {
    /// A layer, a table or a member.
    var part: String
    /// Numbers that it has; nil: it is not there.
    var numbersOne: Int?
    var numbersOther: Int?
    /// Euclidean norms.
    var normOne: Double?
    var normOther: Double?
    /// Norm of what one is less the other; nil: they are of other shapes, or no number stands for the same.
    var distance: Double?
    /// Of the norm of the first; nil: that is 0, or there is no distance.
    var share: Double?
    /// The largest difference of a number.
    var largest: Double?
  }

  var parts: [Part]
  /// What of the parts cannot be compared, and why; nil: nothing.
  var note: String?

  /// - Parameter isContinued: One of them goes on from the other, so that rows of values mean the same as far as both have them.
  init(_ one: [ModelPart], _ other: [ModelPart], isContinued: Bool) {
    var (parts, note): ([Part], String?) = ([], nil)
    for piece in one {
      let twin = other.first { $0.name == piece.name }
      var part = Part(
        part: piece.name, numbersOne: piece.numbers.count, numbersOther: twin?.numbers.count,
        normOne: Self.norm(piece.numbers), normOther: twin.map { Self.norm($0.numbers) })
      let isOfRows = piece.name.hasSuffix(", rows")
      if let twin, isOfRows ? isContinued : twin.numbers.count == piece.numbers.count {
        let pairs = zip(piece.numbers, twin.numbers)
        let (sum, largest) = pairs.reduce((0.0, 0.0)) { result, pair in
          let difference = Double(pair.0) - Double(pair.1)
          return (result.0 + difference * difference, max(result.1, abs(difference)))
        }
        part.distance = sum.squareRoot()
        part.largest = largest
        if let norm = part.normOne, norm > 0 { part.share = sum.squareRoot() / norm }
      } else if isOfRows, twin != nil {
        note =
          "rows of values stand in the order in which these were met: they are compared where one model goes on from the other"
      }
      parts.append(part)
    }
    for piece in other where !one.contains(where: { $0.name == piece.name }) {
      parts.append(
        Part(part: piece.name, numbersOther: piece.numbers.count, normOther: Self.norm(piece.numbers)))
    }
    (self.parts, self.note) = (parts, note)
  }

  private static func norm(_ numbers: [Float]) -> Double {
    numbers.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
  }
}
