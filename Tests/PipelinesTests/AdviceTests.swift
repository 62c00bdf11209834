import Pipelines
import Testing

@Suite("Advice")
struct AdviceTests {
  private func advice(_ task: String, _ training: String) throws -> [String] {
    try parsed(
      """
      name: advice
      source: { topic: t }
      schema: { label: { path: y }, features: [{ name: a, type: category }] }
      model: { task: \(task), wide: true }
      training: { \(training) }
      """
    ).advice
  }

  @Test("a steep plain descent is advised against where the output is a value, and only there")
  func descent() throws {
    let steep = "embedding_optimizer: { kind: sgd, learning_rate: 1 }"
    let found = try advice("regression", steep)
    #expect(found.count == 1 && found[0].contains("training.embedding_optimizer is sgd with the rate 1.0"))
    #expect(try advice("binary", steep).isEmpty)
    #expect(try advice("regression", "embedding_optimizer: { kind: sgd, learning_rate: 0.05 }").isEmpty)
    #expect(try advice("regression", "wide_optimizer: { kind: sgd, learning_rate: 2 }").count == 1)
    #expect(try advice("regression", "workers: 1").isEmpty)
  }

  @Test("a share of live traffic that no server gives is told")
  func canary() throws {
    func advice(_ rollout: String) throws -> [String] {
      try parsed(
        """
        name: advice
        source: { topic: t }
        schema: { label: { path: y }, features: [{ name: a, type: float }] }
        model: { task: binary }
        rollout: { \(rollout) }
        """
      ).advice
    }
    #expect(try advice("canary_share: 0").isEmpty)
    #expect(try advice("canary_share: 0.1").first?.contains("servers send it no live requests yet") == true)
  }
}
