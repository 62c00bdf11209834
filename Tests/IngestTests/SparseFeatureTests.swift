import Ingest
import Pipelines
import Tensors
import Testing
import Vocabulary

@Suite("Maps and texts")
struct SparseFeatureTests {
  /// A batch of one record with the feature `a`, and what became of it.
  private static func decode(
    _ text: String, _ type: FeatureSettings.FeatureType = .map, way: RecordDecoder.Way = RecordDecoder.Way(),
    _ change: (inout FeatureSettings) -> Void = { _ in }
  ) -> (outcome: DecodeOutcome, pairs: [UInt32: Float], decoder: RecordDecoder) {
    let schema = FeatureSchema.one(type) { feature in
      feature.norm = .none
      feature.buckets = 1 << 20
      change(&feature)
    }
    let decoder = RecordDecoder(
      schema: schema, heads: [HeadSettings(name: "", label: schema.label, task: .binary)], recordBytesMax: 100_000,
      purpose: .learning, way: way)
    let batch = FeatureBatch(capacity: 1, numberCount: 0, categoryCount: 0, weightedCount: 1)
    var time = 0.0
    let outcome = withUnsafeMutablePointer(to: &time) { time in
      Array(text.utf8).withUnsafeBytes { decoder.decode($0, into: ExampleSlot(row: 0, of: batch, eventTime: time)) }
    }
    return (outcome, pairs(batch), decoder)
  }

  private static func pairs(_ batch: FeatureBatch) -> [UInt32: Float] {
    let list = batch.weighted[0]
    return Dictionary(uniqueKeysWithValues: list.places(of: 0).map { (list.rows[$0], list.weights[$0]) })
  }

  private static func row(_ key: String) -> UInt32 { bucket(ofCategory: key, buckets: 1 << 20) }

  private static func rows(_ weights: [String: Float]) -> [UInt32: Float] {
    Dictionary(uniqueKeysWithValues: weights.map { (row($0.key), $0.value) })
  }

  @Test(
    "give each key a row, with its value as weight",
    arguments: [
      (#"{"a":{"cat":2,"the":5.5}}"#, ["cat": 2, "the": 5.5]), (#"{"a":{"cat":true,"dog":false}}"#, ["cat": 1]),
      (#"{"a": { "cat" : -1e0 , "dog" : null } }"#, ["cat": -1]), (#"{"a":{"cat":0}}"#, [:]), (#"{"a":{}}"#, [:]),
      (#"{"a":{"colour":"red","cat":"2"}}"#, ["colour=red": 1, "cat=2": 1]),
      (#"{"a":{"cat":1,"cat":2}}"#, ["cat": 3]), (#"{"a":{"cat":1},"a":{"dog":2}}"#, ["dog": 2]),
      (#"{"a":{"\u0063at":1,"e\u0301":2}}"#, ["cat": 1, "é": 2]),
    ] as [(String, [String: Float])])
  func entries(text: String, expected: [String: Float]) {
    for way in [RecordDecoder.Way(), RecordDecoder.Way(byTokens: true)] {
      let found = Self.decode(text, way: way)
      #expect(found.outcome == .example)
      #expect(found.pairs == Self.rows(expected))
    }
  }

  @Test("have a row for what is absent, and count it")
  func absent() {
    for text in [#"{"y":1}"#, #"{"a":null}"#, #"{"a":{"cat":1},"a":null}"#] {
      let found = Self.decode(text)
      #expect(found.pairs == [0: 1])
      #expect(found.decoder.counters[0].imputed == 1)
    }
    #expect(Self.decode(#"{"y":1}"#) { $0.missing = .reject }.outcome == .rejected(.missingField, field: "a"))
  }

  @Test(
    "refuse what is no map of values, and too many keys",
    arguments: [
      (#"{"a":7}"#, RejectReason.wrongType), (#"{"a":"cat"}"#, .wrongType), (#"{"a":["cat"]}"#, .wrongType),
      (#"{"a":true}"#, .wrongType), (#"{"a":{"cat":[1]}}"#, .wrongType), (#"{"a":{"cat":{"dog":1}}}"#, .wrongType),
      (#"{"a":{"cat":1e999}}"#, .overflow), (#"{"a":{"cat":3.5e38}}"#, .overflow),
      (#"{"a":{"b":3e38,"b":3e38}}"#, .overflow), (#"{"a":{"b":1,"c":1,"d":1}}"#, .outOfRange),
    ])
  func refused(text: String, reason: RejectReason) {
    #expect(Self.decode(text) { $0.keysMax = 2 }.outcome == .rejected(reason, field: "a"))
  }

  @Test("keys_max is of keys, whichever rows they share, and each counts once")
  func keys() {
    func outcome(_ text: String, _ type: FeatureSettings.FeatureType = .map, buckets: Int) -> DecodeOutcome {
      Self.decode(text, type) { ($0.keysMax, $0.buckets) = (3, buckets) }.outcome
    }
    // All in one row, or in rows of their own.
    for buckets in [2, 1 << 20] {
      #expect(outcome(#"{"a":{"b":1,"c":1,"d":1}}"#, buckets: buckets) == .example)
      #expect(outcome(#"{"a":{"b":1,"c":1,"d":1,"e":1}}"#, buckets: buckets) == .rejected(.outOfRange, field: "a"))
      #expect(outcome(#"{"a":{"b":1,"b":2,"b":3,"c":1,"c":1,"d":1,"b":1}}"#, buckets: buckets) == .example)
      #expect(outcome(#"{"a":{"b":1,"c":0,"d":null,"e":false,"f":1}}"#, buckets: buckets) == .example)
      #expect(
        outcome(#"{"a":{"b":1,"b":1,"c":1,"d":1,"e":1}}"#, buckets: buckets) == .rejected(.outOfRange, field: "a"))
    }
    let text = Self.decode(#"{"a":"b c d b e c"}"#, .text) { ($0.keysMax, $0.buckets) = (3, 2) }
    #expect(text.pairs == [1: 4] && text.decoder.counters[0].clipped == 1)
    // One large record leaves nothing to the next.
    let schema = FeatureSchema.one(.map) { $0.keysMax = 2 }
    let decoder = RecordDecoder(schema: schema, task: .binary, recordBytesMax: 1000)
    let batch = FeatureBatch(capacity: 1, numberCount: 0, categoryCount: 0, weightedCount: 1)
    var time = 0.0
    for (record, fits) in [
      (#"{"a":{"b":1,"c":1}}"#, true), (#"{"a":{"b":1,"c":1,"d":1}}"#, false), (#"{"a":{"e":1,"f":1}}"#, true),
    ] {
      let outcome = withUnsafeMutablePointer(to: &time) { time in
        Array(record.utf8).withUnsafeBytes { decoder.decode($0, into: ExampleSlot(row: 0, of: batch, eventTime: time)) }
      }
      #expect((outcome == .example) == fits, "\(record)")
    }
  }

  @Test("say how many keys there are, and how many there may be")
  func sentence() {
    let schema = FeatureSchema.one(.map) { $0.keysMax = 2 }
    let refusal = RecordRefusal(schema, recordBytesMax: 1000)
    let record = Array(#"{"a":{"b":1,"c":1,"d":1,"e":0}}"#.utf8)
    let told = record.withUnsafeBytes {
      refusal.sentence(.outOfRange, field: "a", value: "\"d\"", record: $0)
    }
    #expect(told == "out_of_range: it has 3 keys, and keys_max is 2")
    let column = refusal.sentence(.outOfRange, field: "a", value: "\"d\"", record: nil)
    #expect(column == "out_of_range: it has more than 2 keys, and keys_max is 2")
  }

  @Test("take what texts spell where the pipeline says so")
  func coerced() {
    let text = #"{"a":{"n":" 2.5","t":"True","f":"false","x":"NA","c":"red"}}"#
    let found = Self.decode(text) { $0.coerce = true }
    #expect(found.pairs == Self.rows(["n": 2.5, "t": 1, "c=red": 1]))
  }

  @Test("keep values within their range")
  func clipped() {
    let text = #"{"a":{"b":-7,"c":70}}"#
    let found = Self.decode(text) { $0.clip = -1...9 }
    #expect(found.pairs == Self.rows(["b": -1, "c": 9]))
    #expect(found.decoder.counters[0].clipped == 2)
    let refused = Self.decode(text) { ($0.clip, $0.outOfRange) = (-1...9, .reject) }
    #expect(refused.outcome == .rejected(.outOfRange, field: "a"))
  }

  @Test("divide by the norm of a record")
  func norms() {
    let text = #"{"a":{"b":3,"c":-4}}"#
    #expect(Self.decode(text) { $0.norm = .l2 }.pairs == Self.rows(["b": 0.6, "c": -0.8]))
    #expect(Self.decode(text) { $0.norm = .l1 }.pairs == Self.rows(["b": 3.0 / 7, "c": -4.0 / 7]))
    #expect(Self.decode(#"{"a":{"b":1,"b":-1}}"#) { $0.norm = .l2 }.pairs == Self.rows(["b": 0]))
  }

  @Test(
    "fall into words, counted",
    arguments: [
      ("The cat, the CAT!", ["the": 2, "cat": 2]), ("don't-stop 24/7", ["don": 1, "t": 1, "stop": 1, "24": 1, "7": 1]),
      ("Çà et LÀ", ["çà": 1, "et": 1, "là": 1]), ("ΣΟΦΟΣ Ωμέγα", ["σοφοσ": 1, "ωμέγα": 1]), ("", [:]), (" — …", [:]),
      ("हिन्दी भाषा", ["हिन्दी": 1, "भाषा": 1]), ("東京 Tower", ["東": 1, "京": 1, "tower": 1]), ("naïve😀NAÏVE", ["naïve": 2]),
    ] as [(String, [String: Float])])
  func words(text: String, expected: [String: Float]) {
    let found = Self.decode("{\"a\":\"\(text)\"}", .text)
    #expect(found.outcome == .example)
    #expect(found.pairs == Self.rows(expected))
  }

  @Test("fall into pairs and triples of neighbours too")
  func ngrams() {
    #expect(
      Self.decode(#"{"a":"to be, or to be"}"#, .text) { $0.ngrams = 2 }.pairs
        == Self.rows(["to": 2, "be": 2, "or": 1, "to be": 2, "be or": 1, "or to": 1]))
    let three = Self.decode(#"{"a":"été là bas"}"#, .text) { $0.ngrams = 3 }.pairs
    #expect(three[Self.row("été là bas")] == 1 && three.count == 6)
  }

  @Test("are cut where a text has too many words, and that is counted")
  func cut() {
    let found = Self.decode(#"{"a":"b c b d"}"#, .text) { $0.keysMax = 2 }
    #expect(found.pairs == Self.rows(["b": 2, "c": 1]))
    #expect(found.decoder.counters[0].clipped == 1)
  }

  @Test("take whole numbers as texts, and truths and fractions where the pipeline says so")
  func otherValues() {
    #expect(Self.decode(#"{"a":2019}"#, .text).pairs == Self.rows(["2019": 1]))
    #expect(Self.decode(#"{"a":2.5}"#, .text).outcome == .rejected(.wrongType, field: "a"))
    #expect(Self.decode(#"{"a":2.5}"#, .text) { $0.coerce = true }.pairs == Self.rows(["2": 1, "5": 1]))
    #expect(Self.decode(#"{"a":{"b":1}}"#, .text).outcome == .rejected(.wrongType, field: "a"))
  }

  @Test("are the same from elsewhere as in a record")
  func alone() {
    let (_, whole, decoder) = Self.decode(#"{"a":{"cat":2,"é":3}}"#)
    let batch = FeatureBatch(capacity: 2, numberCount: 0, categoryCount: 0, weightedCount: 1)
    func decode(_ text: String) -> DecodeOutcome {
      Array(text.utf8).withUnsafeBytes { decoder.decode(sparse: $0, column: 0, row: 0, of: batch) }
    }
    #expect(decode(#" {"cat":2,"e\u0301":3} "#) == .example)
    #expect(Self.pairs(batch) == whole)
    #expect(decode(#"{"cat":2} {"#) == .rejected(.malformed, field: "a"))
    #expect(decode("[1]") != .example)
    #expect(decode("") != .example)
    #expect(decoder.decode(sparse: nil, column: 0, row: 0, of: batch) == .example)
    #expect(Self.pairs(batch) == [0: 1])
  }
}
