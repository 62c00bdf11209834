public import Foundation

/// What a person said: nothing is promoted for a while. Versions are watched and rolled back all the same.
public struct Freeze: Sendable, Hashable, Codable {
  public let reason: String
  /// Who said so.
  public let person: String
  public let since: Date
  /// When it is over by itself; nil: when somebody says so.
  public let until: Date?

  /// Of the incident that is open as long as it holds.
  public static let incidentKind = "promotion_frozen"

  /// - Throws: `RolloutError`: nobody named, or nothing said.
  public init(reason: String, by person: String, since: Date, until: Date? = nil) throws(RolloutError) {
    guard person.contains(where: { !$0.isWhitespace }) else { throw RolloutError(.nobody, "nobody is named") }
    guard reason.contains(where: { !$0.isWhitespace }) else {
      throw RolloutError(.refused, "a freeze needs a reason: whoever finds nothing promoted wants to know why")
    }
    if let until, until <= since { throw RolloutError(.refused, "a freeze ends after it has begun") }
    (self.reason, self.person, self.since, self.until) = (reason, person, since, until)
  }

  /// The end of a sentence that begins with what is not done.
  public var sentence: String {
    "as \(person) has frozen promotion" + (until.map { " until " + $0.formatted(.iso8601) } ?? "") + ": \(reason)"
  }
}
