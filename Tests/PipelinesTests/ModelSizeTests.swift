import Pipelines
import Testing

@Suite("Model size")
struct ModelSizeTests {
  private func text(_ categories: Int, buckets: Int, dimension: Int = 8) -> String {
    let features = (0..<categories).map {
      "    - { name: c\($0), type: category, buckets: \(buckets), dimension: \(dimension), own_rows: 0 }"
    }
    return """
      name: size
      source: { topic: t }
      schema:
        label: { path: y }
        features:
      \(features.joined(separator: "\n"))
      model: { task: binary }
      """
  }

  private func report(_ text: String, memory: Int?, workers: Int? = 1) -> String {
    do throws(PipelineMistakes) {
      _ = try PipelineParser.parse(
        text: text, fileName: "p.yaml", room: memory.map { MemoryRoom(bytes: $0, workers: workers) }
      ) { _ in nil }
      return ""
    } catch { return error.description }
  }

  @Test("tables are counted with their optimiser, and so is a checkpoint")
  func counts() throws {
    let size = ModelSize(try parsed(text(2, buckets: 1_000_000)))
    #expect(size.tableRows == 2_000_000)
    let dense = (16 + 1) * 64 + (64 + 1) * 32 + 33
    #expect(size.parameterBytes == 4 * (16_000_000 + dense))
    #expect(size.optimizerBytes == 4 * (2_000_000 + 2 * dense))
    #expect(size.checkpointBytes == size.parameterBytes + size.optimizerBytes)
    #expect(size.workerBytes == 2 * size.checkpointBytes + 2 * size.parameterBytes + size.workspaceBytes)
    #expect(size.sentence.contains(": about 72.0 MB a checkpoint, and a worker needs 27"))
    for part in ["parameters 64.0 MB", "optimisers 8.0 MB", "workspace "] { #expect(size.sentence.contains(part)) }
    // Four partitions of 8,192 records of two categories and a label wait, and more.
    #expect(size.waitingBytes == 4 * 8192 * (4 * 3 + 2 + 36) && size.workspaceBytes < 1 << 20)
  }

  @Test("what no table can number, and what the machine cannot hold, is refused at the largest table's line")
  func refused() {
    #expect(
      report(text(17, buckets: 1 << 28), memory: nil)
        == "p.yaml:6:44: the features have 4563402752 buckets together, and there are 4294967295 at most"
        + " — write fewer `buckets`")
    let large = text(1, buckets: 1 << 28, dimension: 64)
    #expect(report(large, memory: nil).isEmpty)
    let mistake = report(large, memory: 16 << 30)
    #expect(mistake.hasPrefix("p.yaml:6:"))
    #expect(mistake.contains("and this machine has 17.2 GB"))
    #expect(report(text(1, buckets: 1000), memory: 16 << 30).isEmpty)
  }

  @Test("so many workers need so many times as much, and memory_max goes before what the machine has")
  func workers() {
    // 144 MB of checkpoints and 128 MB of parameters, and some.
    let two = text(2, buckets: 1_000_000)
    #expect(report(two, memory: 300_000_000, workers: 1).isEmpty)
    let mistake = report(two, memory: 300_000_000, workers: 3)
    #expect(mistake.contains("3 workers need 8") && mistake.contains("this machine has 300.0 MB"))
    #expect(mistake.contains("let fewer workers share the work of this machine"))
    // As many as the file says.
    #expect(report(two, memory: 300_000_000, workers: nil).contains("2 workers need 5"))
    let bounded = two + "\ntraining: { memory_max: 256MiB }"
    let refused = report(bounded, memory: 1 << 40)
    #expect(refused.contains("a worker needs 27") && refused.contains("training.memory_max is 268.4 MB"))
    #expect(refused.contains("for `c"))
    #expect(report(two + "\ntraining: { memory_max: 2GiB }", memory: 1 << 20, workers: 4).isEmpty)
    #expect(report(bounded, memory: nil).isEmpty)
    #expect(report(two + "\ntraining: { memory_max: lots }", memory: nil).contains("such as 256MiB or 8GiB"))
    let narrow = """
      name: size
      source: { topic: t }
      schema: { label: { path: y }, features: [{ name: a, type: float }] }
      model: { task: binary, hidden: [4096, 4096] }
      """
    #expect(report(narrow, memory: 1 << 20).contains("narrower layers"))
  }

  @Test("what rounding takes from gradients has its place beside them")
  func rounding() throws {
    let plain = text(2, buckets: 10)
    let rounded = try ModelSize(parsed(plain + "\ngroup: { gradients: bfloat16 }"))
    let before = try ModelSize(parsed(plain))
    let added = rounded.workspaceBytes - before.workspaceBytes
    #expect(added > 0 && added.isMultiple(of: 12) && added < before.workspaceBytes)
    #expect(rounded.parameterBytes == before.parameterBytes && rounded.checkpointBytes == before.checkpointBytes)
    func further(_ workers: Int) throws -> Int {
      let text = plain + "\ntraining: { workers: \(workers) }"
      return try ModelSize(parsed(text + "\ngroup: { gradients: bfloat16 }")).workspaceBytes
        - ModelSize(parsed(text)).workspaceBytes
    }
    // A worker that is alone sends nothing, and of three each has a part to add up besides.
    #expect(try further(1) == 0 && further(2) == added && further(3) > added)
  }

  @Test("how much workers may take is nothing that they have to agree on")
  func work() throws {
    let bounded = try parsed(text(1, buckets: 10) + "\ntraining: { memory_max: 2GiB }")
    #expect(bounded.training.memoryMax == 2 << 30)
    #expect(bounded.workText == (try parsed(text(1, buckets: 10))).workText)
    #expect(try parsed(bounded.effectiveYAML) == bounded)
  }
}
