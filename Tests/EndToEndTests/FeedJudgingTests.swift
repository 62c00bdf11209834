import Kafka
import Pipelines
import Testing
import retrainctl

@Suite("What a feed says of its records")
struct FeedJudgingTests {
  private func look(_ records: [String], _ schema: FeatureSchema) -> [String] {
    var judge = NumberJudge(schema)
    let news = records.flatMap { record in Array(record.utf8).withUnsafeBytes { judge.look($0) } }
    return news + judge.finish()
  }

  private func schema(coerce: Bool = false) -> FeatureSchema {
    var schema = FeatureSchema(
      label: LabelSettings(path: "y"),
      features: [
        FeatureSettings(name: "month", path: "x.month", type: .float), FeatureSettings(name: "c", type: .category),
      ])
    schema.coerce = coerce
    return schema
  }

  @Test("numbers with a decimal comma are told, once and with the option", arguments: [3, 250], [true, false])
  func decimalComma(count: Int, coerce: Bool) {
    let told = look(Array(repeating: #"{"x":{"month":"1,0"},"c":"a"}"#, count: count), schema(coerce: coerce))
    #expect(told.count == 1)
    #expect(told.first?.contains("`x.month`") == true && told.first?.contains("--decimal-comma") == true)
    #expect(told.first?.contains("as “1,0”") == true)
  }

  @Test("texts for numbers are told, unless the pipeline takes them or they are few")
  func texts() {
    let quoted = Array(repeating: #"{"x":{"month":"1.5"}}"#, count: 20)
    #expect(look(quoted, schema()).first?.contains("coerce: true") == true)
    #expect(look(quoted, schema(coerce: true)).isEmpty)
    let mostlyGood = Array(repeating: #"{"x":{"month":1}}"#, count: 20) + quoted.prefix(5)
    #expect(look(mostlyGood, schema()).isEmpty)
    #expect(look(Array(repeating: #"{"c":"1,0"}"#, count: 20), schema()).isEmpty)
  }

  @Test("a key that no record has is told at once, one that some lack at the end")
  func keys() {
    func count(_ keyed: [Bool], _ record: String = #"{"carrier":"UA"}"#) -> (early: [String], late: [String]) {
      var count = KeyCount(path: "x.carrier")
      let early = keyed.flatMap { has in Array(record.utf8).withUnsafeBytes { count.note(hasKey: has, $0) } }
      return (early, count.finish())
    }
    let none = count(Array(repeating: false, count: 300))
    #expect(none.early.count == 1 && none.late.isEmpty)
    #expect(none.early.first?.contains("near it: carrier") == true)
    #expect(count([false, false]).late.first?.hasPrefix("no record has a value at `x.carrier`") == true)
    #expect(count([true, false, true]).late.first?.hasPrefix("1 of 3 records have no value") == true)
    let all = count([true, true])
    #expect(all.early.isEmpty && all.late.isEmpty)
  }

  @Test("columns with a map's keys are the map, and those of nothing else; a cross is no column")
  func mapColumns() {
    var cross = FeatureSettings(name: "both", type: .cross)
    cross.of = ["c", "d"]
    let schema = FeatureSchema(
      label: LabelSettings(path: "y"),
      features: [
        FeatureSettings(name: "words", path: "x.words", type: .map), FeatureSettings(name: "title", type: .text),
        FeatureSettings(name: "c", type: .category), FeatureSettings(name: "d", type: .category), cross,
      ])
    let judge = ColumnJudge(schema: schema, heads: [])
    #expect(judge.notes(on: ["y", "c", "d", "title", "x.words.cat", "x.words.the"]).isEmpty)
    #expect(judge.notes(on: ["y", "c", "d", "title", "x.words"]).isEmpty)
    // A text has no keys, and a name that only begins alike is another one.
    #expect(judge.notes(on: ["y", "c", "d", "title.a", "x.words.cat"]).first?.contains("no column `title`") == true)
    let near = judge.notes(on: ["y", "c", "d", "title", "x.wordss.cat"])
    #expect(near.count == 1 && near[0].contains("no column `x.words`, which is the feature `words`"))
    // A map's key is nothing that was misspelt.
    let told = judge.notes(on: ["y", "c", "title", "x.words.d"])
    #expect(told == ["no column `d`, which is the feature `d` of the pipeline"])
    let flat = ColumnJudge(schema: schema, heads: [], isFlat: true)
    #expect(flat.notes(on: ["y", "c", "d", "title", "x.words.cat"]).first?.contains("no column `x.words`") == true)
  }

  @Test("a feed that waits for its readers says for whom, after a while")
  func heldBack() {
    func obstacle(_ seconds: Int, _ hasCommits: Bool) -> String? {
      FeedJob.obstacle(
        FeedPosition.HeldBack(duration: .seconds(seconds), group: "nobody", lag: 1234, hasCommits: hasCommits))
    }
    #expect(obstacle(1, false) == nil)
    #expect(obstacle(5, false)?.contains("the group nobody has committed nothing") == true)
    #expect(
      obstacle(9, true)?.contains("the group nobody is 1,234 records behind and has read nothing for 9 s") == true)
  }
}
