import Pipelines
import Testing

@Suite("Settings of slices")
struct SliceSettingsTests {
  private static func file(_ rollout: String) -> String {
    """
    name: small
    source: { topic: events }
    schema:
      label: { path: y }
      features: [{ name: n, type: float }, { name: carrier, type: category }, { name: b, type: bool },
        { name: tags, type: category, values_max: 3 }, { name: t, type: timestamp }]
    model: { task: binary }
    rollout: { \(rollout) }
    """
  }

  @Test("are features with one value each; without them nothing is written of them")
  func slices() throws {
    let pipeline = try parsed(Self.file("slices: [carrier, b, n], slice_tolerance: 0.05"))
    #expect(pipeline.rollout.slices == ["carrier", "b", "n"] && pipeline.rollout.sliceTolerance == 0.05)
    #expect(try parsed(pipeline.effectiveYAML) == pipeline)
    #expect(!(try parsed(Self.file("records_min: 5")).effectiveYAML.contains("slice")))
  }

  @Test(
    "what cannot be meant is a mistake with its place",
    arguments: [
      ("slices: [carier]", "did you mean `carrier`?"),
      ("slices: [tags]", "is a list, which has several values"),
      ("slices: [t]", "is a timestamp, and has no slices"),
      ("slices: [carrier, carrier]", "occurs twice"),
      ("slices: [a, b, c, d, e]", "write at most 4"),
      ("slice_tolerance: 0.1", "there is none"),
    ])
  func mistakes(rollout: String, part: String) {
    let found = report(on: Self.file(rollout))
    #expect(found.contains(part) && found.contains(":8:"), "\(found)")
  }
}
