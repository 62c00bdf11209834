import FoundationEssentials
import Testing

@Suite("Validation")
struct ValidateTests {
  @Test("counts the workers that this machine is to run, and gives advice with its line")
  func workersAndAdvice() throws {
    let place = try Workplace()
    let path = place.folder + "/large.yaml"
    try """
    name: large
    source: { topic: large }
    schema:
      label: { path: y }
      features: [{ name: c, type: category, buckets: 1000000, dimension: 8 }]
    model: { task: regression, wide: true }
    training:
      workers: 4
      memory_max: 300MB
      embedding_optimizer: { kind: sgd, learning_rate: 1 }
    """.write(toFile: path, atomically: true, encoding: .utf8)
    let all = try place.run("validate", path)
    #expect(all.code == 65 && all.complaints.contains("4 workers need"), "\(all.complaints)")
    #expect(all.complaints.contains("--workers says how many"))
    let one = try place.run("validate", path, "--workers", "1")
    #expect(one.code == 0, "\(one.complaints)")
    #expect(one.complaints.contains("large.yaml:10:24: training.embedding_optimizer is sgd with the rate 1.0"))
    #expect(one.complaints.contains("so the rate is 0.5"), "\(one.complaints)")
    #expect(try place.run("validate", path, "--workers", "0").code == 64)
  }
}
