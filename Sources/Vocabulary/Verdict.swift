/// What a rule says about its evidence. Inconclusive is an answer; `error` means that nobody could judge.
public enum Verdict: String, Sendable, Hashable, Codable, CaseIterable {
  case pass, fail, inconclusive, error
}
