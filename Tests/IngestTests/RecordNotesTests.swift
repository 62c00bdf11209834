import Ingest
import Pipelines
import Testing

@Suite("Notes on a record")
struct RecordNotesTests {
  private let schema: FeatureSchema = {
    var temp = FeatureSettings(name: "temp", path: "x.temp", type: .float)
    temp.clip = -20...50
    var season = FeatureSettings(name: "season", path: "x.season", type: .category)
    season.values = ["spring", "summer"]
    var tags = FeatureSettings(name: "tags", type: .category)
    tags.values = ["a", "b"]
    tags.valuesMax = 4
    return FeatureSchema(label: LabelSettings(path: "y"), features: [temp, season, tags])
  }()

  private func notes(_ record: String, isThorough: Bool = true) -> (sentences: [String], foundNone: Bool) {
    let harness = DecoderHarness(schema)
    #expect(harness.decode(record) == .example)
    let judge = RecordNotes(schema)
    let marks = harness.decoder.marks
    let sentences = Array(record.utf8).withUnsafeBytes { judge.sentences(marks, record: isThorough ? $0 : nil) }
    return (sentences, judge.foundNone(marks))
  }

  @Test("a record of which nothing is known says what is absent, and which keys may have been meant")
  func nothingFound() {
    let (sentences, foundNone) = notes(#"{"season":"spring","temp":8}"#)
    #expect(foundNone)
    #expect(
      sentences == [
        "0 of 3 features found; absent: temp (x.temp; near it: temp), season (x.season; near it: season), tags"
      ])
    #expect(notes("{}").foundNone)
  }

  @Test("a value that was clipped or is not known is told, with what it was and what is near")
  func changed() {
    let (sentences, foundNone) = notes(#"{"x":{"temp":500,"season":"sprin"},"tags":["a","zebra"]}"#)
    #expect(!foundNone)
    #expect(
      Set(sentences) == [
        "temp: 500 was clipped to 50", "season: 'sprin' is none of the known values (near: spring)",
        "tags: 'zebra' is none of the known values",
      ])
    #expect(notes(#"{"x":{"temp":-21,"season":"spring"},"tags":"a"}"#).sentences == ["temp: -21 was clipped to -20"])
  }

  @Test("without taking the record apart, what the decoder knows is told")
  func brief() {
    let (sentences, _) = notes(#"{"x":{"temp":500,"season":"sprin"}}"#, isThorough: false)
    #expect(
      Set(sentences) == ["temp was clipped to its range of -20 to 50", "season is none of the known values"])
  }

  @Test("a record that is as it should be has none")
  func clean() { #expect(notes(#"{"x":{"temp":5,"season":"summer"},"tags":["b"]}"#).sentences.isEmpty) }
}
