import Pipelines
import Testing

@Suite("Settings of maps and texts")
struct SparseSettingsTests {
  private func report(_ features: String..., more: String = "") -> String {
    PipelinesTests.report(on: minimal(features: features.map { "    - { \($0) }" }.joined(separator: "\n")) + more)
  }

  @Test(
    "a key that is not for them is told with what to do instead",
    arguments: [
      ("own_rows: 5", "leave it out: the keys of a map share `buckets`"),
      ("missing_indicator: true", "is for numbers, not for a map — leave it out: what is absent has a row of its own"),
      ("normalize: none", "means nothing for a map — leave it out: a map has `norm`"),
      ("origin: 5", "means nothing for a map — leave it out"), ("unknown: reject", "with `values` only — leave it out"),
    ])
  func advice(key: String, part: String) {
    let found = report("name: words, type: map, \(key)")
    #expect(found.contains(part), "\(found)")
    // What is recommended is no mistake.
    #expect(report("name: words, type: map").isEmpty)
  }

  @Test("a value is not read as a map and as something else")
  func shared() {
    let both = report("name: words, type: map", "name: cat, path: words, type: category")
    #expect(
      both.contains(":11:") && both.contains("`cat`, a category, reads the same place as `words`, a map"), "\(both)")
    #expect(report("name: t, type: text", "name: f, path: t, type: float").contains("write `coerce: true` for both"))
    #expect(
      report("name: t, type: text, coerce: true", "name: f, path: t, type: float, coerce: true").isEmpty)
    #expect(report("name: t, type: text", "name: c, path: t, type: category").isEmpty)
    #expect(report("name: w, type: map", "name: v, path: w, type: map, norm: l1").isEmpty)
  }

  @Test("more keys than a step can number are refused with the sum, and what is recommended is taken")
  func pairs() {
    func file(_ keys: Int) -> String {
      report("name: w, type: map, keys_max: \(keys)", more: "\ntraining: { records_per_partition: 65536 }\n")
    }
    let found = file(65_536)
    #expect(
      found.contains(
        "`w` may have 65536 keys × 65536 records_per_partition × 4 partitions in a step, which is 17179869184"))
    #expect(found.contains("write `keys_max: 8191` or less"))
    #expect(file(8191).isEmpty && file(8192).contains("8192 keys"))
  }

  @Test("another name of the same clocks is no other time zone")
  func zones() throws {
    func file(_ zone: String) -> String {
      minimal(features: "    - { name: at, type: timestamp, parts: [hour], time_zone: \(zone) }")
    }
    for (old, new) in [("US/Pacific", "America/Los_Angeles"), ("Asia/Calcutta", "Asia/Kolkata")] {
      let edits = try parsed(file(new)).edits(since: try parsed(file(old)))
      #expect(edits.map(\.effect) == [.harmless] && edits[0].meaning.contains("the same clocks"), "\(edits)")
    }
    #expect(try parsed(file("Asia/Tokyo")).edits(since: try parsed(file("Asia/Kolkata"))).map(\.effect) == [.changes])
  }

  @Test("values with rows of their own may be refused from now on")
  func refused() throws {
    func file(_ more: String) throws -> Pipeline {
      try parsed(minimal(features: "    - { name: c, type: category, values: [p, q], buckets: 16\(more) }"))
    }
    let old = try file(", own_rows: 32")
    let edits = try file(", unknown: reject").edits(since: old)
    #expect(edits.map(\.effect) == [.harmless, .harmless], "\(edits)")
    #expect(edits.contains { $0.meaning.contains("what they have learned is not kept") })
  }

  @Test("sizes that are recommended are taken")
  func sizes() {
    let found = PipelinesTests.report(
      on: minimal(features: "    - { name: c, type: bool }") + "\ntraining: { memory_max: 1MB }\n")
    #expect(found.contains("such as 256MiB or 8GiB"), "\(found)")
    for size in ["256MiB", "8GiB", "1MiB"] {
      let text = minimal(features: "    - { name: c, type: bool }") + "\ntraining: { memory_max: \(size) }\n"
      #expect(PipelinesTests.report(on: text).isEmpty)
    }
  }
}
