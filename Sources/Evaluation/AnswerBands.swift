/// Of two classes, the answers of two versions to the same records by band of probability.
public struct AnswerBands: Sendable, Hashable, Codable {
  public static let count = 20
  public private(set) var own: [Int64] = []
  public private(set) var reference: [Int64] = []

  /// - Parameters: Probabilities, 0 … 1.
  mutating func add(own: Double, reference: Double) {
    if self.own.isEmpty {
      self.own = Array(repeating: 0, count: Self.count)
      self.reference = self.own
    }
    self.own[Self.band(own)] += 1
    self.reference[Self.band(reference)] += 1
  }

  public var isEmpty: Bool { own.isEmpty }

  private static func band(_ probability: Double) -> Int {
    Int(max(0, min(Double(count - 1), probability * Double(count))))
  }

  public init() {}

  /// - Throws: `DecodingError` for other bands than these.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    own = try container.decode([Int64].self, forKey: .own)
    reference = try container.decode([Int64].self, forKey: .reference)
    guard own.count == reference.count, own.isEmpty || own.count == Self.count else {
      throw DecodingError.dataCorruptedError(
        forKey: .own, in: container, debugDescription: "\(own.count) and \(reference.count) bands, not \(Self.count)")
    }
  }
}
