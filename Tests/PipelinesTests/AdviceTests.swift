import Pipelines
import Testing

@Suite("Advice")
struct AdviceTests {
  private func advice(_ task: String, _ training: String) throws -> [Advice] {
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

  @Test("a steep plain descent is bounded where the output is a value, which is told with both rates and its line")
  func descent() throws {
    let steep = "embedding_optimizer: { kind: sgd, learning_rate: 1 }"
    let found = try advice("regression", steep)
    #expect(found.count == 1 && found[0].setting == "training.embedding_optimizer")
    #expect(found[0].sentence.contains("training.embedding_optimizer is sgd with the rate 1.0"))
    #expect(found[0].sentence.contains("so the rate is 0.5"))
    let places = PipelineParser.places(in: "name: a\ntraining:\n  embedding_optimizer: { kind: sgd }\n")
    #expect(found[0].description(fileName: "p.yaml", places).hasPrefix("p.yaml:3:24: training.embedding_optimizer is"))
    #expect(try advice("binary", steep).isEmpty)
    #expect(try advice("regression", "embedding_optimizer: { kind: sgd, learning_rate: 0.05 }").isEmpty)
    #expect(try advice("regression", "wide_optimizer: { kind: sgd, learning_rate: 2 }").count == 1)
    #expect(
      try advice("regression", "optimizer: { kind: sgd, learning_rate: 1 }").first?.setting == "training.optimizer")
    #expect(try advice("regression", "workers: 1").isEmpty)
  }

  @Test("the bound follows the rows that a record touches, and momentum; groups of another bound are other groups")
  func bound() throws {
    func pipeline(_ task: String, _ optimizer: String, map: String = "") throws -> Pipeline {
      try parsed(
        """
        name: bound
        source: { topic: t }
        schema:
          label: { path: y }
          features:
            - { name: a, type: category }
            - { name: b, type: category, values_max: 6, combine: sum }
            - { name: w, type: map\(map) }
            - { name: n, type: float }
        model: { task: \(task) }
        training: { embedding_optimizer: { kind: sgd, \(optimizer) } }
        """)
    }
    #expect(try pipeline("regression", "learning_rate: 1").embeddingOptimizer.learningRate == 1.0 / 9)
    let whole = ", norm: none, keys_max: 100, clip: [-3, 2]"
    #expect(try pipeline("regression", "learning_rate: 1", map: whole).embeddingOptimizer.learningRate == 1.0 / 908)
    #expect(try pipeline("regression", "learning_rate: 1, momentum: 0.9").embeddingOptimizer.learningRate < 0.0112)
    #expect(try pipeline("regression", "learning_rate: 0.01").embeddingOptimizer.learningRate == 0.01)
    #expect(try pipeline("binary", "learning_rate: 1").embeddingOptimizer.learningRate == 1)
    #expect(try pipeline("regression", "learning_rate: 1").workText.contains("embedding_optimizer rate"))
    #expect(try !pipeline("binary", "learning_rate: 1").workText.contains("embedding_optimizer rate"))
  }
}
