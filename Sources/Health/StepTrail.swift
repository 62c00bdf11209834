/// The newest steps, each with its loss and how its answers met the labels; of those before them a fading account of the answers.
struct StepTrail: Sendable, Hashable, Codable {
  private struct Entry: Sendable, Hashable {
    var step: Int64
    var loss: Double
    var answers: AnswerCounts?
  }

  private var newest: [Entry] = []
  private var earlier: AnswerCounts?

  /// More than it takes to notice a change and to see that it stays: so many at least, and less than twice as many.
  private static let newestMin = 320
  /// Steps after which the account has forgotten most of what was.
  private static let memory = 256.0

  mutating func add(_ loss: Double, _ answers: AnswerCounts?, step: Int64) {
    newest.append(Entry(step: step, loss: loss, answers: answers))
    guard newest.count == 2 * Self.newestMin else { return }
    // Half of them at once, so that they are not moved with every step.
    for entry in newest.prefix(Self.newestMin) {
      guard let answers = entry.answers else { continue }
      earlier = (earlier ?? AnswerCounts()).fading(by: 1 - 1 / Self.memory, adding: answers)
    }
    newest.removeFirst(Self.newestMin)
  }

  /// Of the newest steps.
  var losses: [Double] { newest.map(\.loss) }

  /// Mean loss and number of the steps from one on; nil: there are none.
  func loss(since step: Int64) -> (mean: Double, steps: Int)? {
    let losses = newest.lazy.filter { $0.step >= step }.map(\.loss)
    return losses.isEmpty ? nil : (losses.reduce(0, +) / Double(losses.count), losses.count)
  }

  /// The answers before a step, and from it on; nil: one side has none.
  func answers(around step: Int64) -> (before: AnswerCounts, after: AnswerCounts)? {
    var (before, after) = (earlier ?? AnswerCounts(), AnswerCounts())
    for entry in newest {
      guard let answers = entry.answers else { continue }
      if entry.step < step { before.add(answers) } else { after.add(answers) }
    }
    return before.all > 0 && after.all > 0 ? (before, after) : nil
  }
}

/// Columns: a step's names would be most of what is written.
extension StepTrail {
  private enum Keys: String, CodingKey { case steps, losses, answers, earlier }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Keys.self)
    let steps = try container.decode([Int64].self, forKey: .steps)
    let losses = try container.decode([Double].self, forKey: .losses)
    let answers = try container.decodeIfPresent([Double].self, forKey: .answers)
    guard losses.count == steps.count, answers.map({ $0.count == 4 * steps.count }) ?? true else {
      throw DecodingError.dataCorruptedError(
        forKey: .losses, in: container, debugDescription: "columns differ in length")
    }
    newest = steps.indices.map { place in
      Entry(
        step: steps[place], loss: losses[place],
        answers: answers.map { AnswerCounts(columns: $0[(4 * place)..<(4 * place + 4)]) })
    }
    earlier = try container.decodeIfPresent(AnswerCounts.self, forKey: .earlier)
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Keys.self)
    try container.encode(newest.map(\.step), forKey: .steps)
    try container.encode(newest.map(\.loss), forKey: .losses)
    if newest.contains(where: { $0.answers != nil }) {
      try container.encode(newest.flatMap { ($0.answers ?? AnswerCounts()).columns }, forKey: .answers)
    }
    try container.encodeIfPresent(earlier, forKey: .earlier)
  }
}
