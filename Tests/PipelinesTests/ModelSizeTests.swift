import Pipelines
import Testing

@Suite("Model size")
struct ModelSizeTests {
  private func text(_ categories: Int, buckets: Int, dimension: Int = 8) -> String {
    let features = (0..<categories).map {
      "    - { name: c\($0), type: category, buckets: \(buckets), dimension: \(dimension) }"
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

  private func report(_ text: String, memory: Int?) -> String {
    do throws(PipelineMistakes) {
      _ = try PipelineParser.parse(text: text, fileName: "p.yaml", memory: memory) { _ in nil }
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
    #expect(size.sentence == "about 72.0 MB a checkpoint, and a worker needs 272.1 MB at least")
  }

  @Test("what no table can number, and what the machine cannot hold, is refused at the largest table's line")
  func refused() {
    #expect(
      report(text(17, buckets: 1 << 28), memory: nil)
        == "p.yaml:6:44: the categories have 4563402752 buckets together, and there are 4294967295 at most"
        + " — write fewer `buckets`")
    let large = text(1, buckets: 1 << 28, dimension: 64)
    #expect(report(large, memory: nil).isEmpty)
    let mistake = report(large, memory: 16 << 30)
    #expect(mistake.hasPrefix("p.yaml:6:"))
    #expect(mistake.contains("and this machine has 17.2 GB"))
    #expect(report(text(1, buckets: 1000), memory: 16 << 30).isEmpty)
  }
}
