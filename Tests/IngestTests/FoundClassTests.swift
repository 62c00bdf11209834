import Ingest
import Pipelines
import Tensors
import Testing
import Vocabulary

@Suite("Classes as they come")
struct FoundClassTests {
  private struct Reader {
    let decoder: RecordDecoder
    let batch = FeatureBatch(capacity: 1, numberCount: 1, categoryCount: 0)

    init(strangers: Int, way: RecordDecoder.Way = RecordDecoder.Way()) {
      var label = LabelSettings(path: "y")
      label.findsClasses = true
      let schema = FeatureSchema(label: label, features: [FeatureSettings(name: "a", type: .float)])
      decoder = RecordDecoder(
        schema: schema, heads: [HeadSettings(name: "", label: label, task: .multiclass)], recordBytesMax: 10_000,
        purpose: .learning, way: way, strangers: strangers)
    }

    func callAsFunction(_ text: String) -> (outcome: DecodeOutcome, label: Float) {
      var time = 0.0
      let outcome = withUnsafeMutablePointer(to: &time) { time in
        Array(text.utf8).withUnsafeBytes { decoder.decode($0, into: ExampleSlot(row: 0, of: batch, eventTime: time)) }
      }
      return (outcome, batch.labels[0])
    }
  }

  @Test("are numbered in the order of the records that are kept, in every way of reading", arguments: [false, true])
  func numbers(byTokens: Bool) {
    let read = Reader(strangers: 9, way: RecordDecoder.Way(byTokens: byTokens))
    #expect(read(#"{"a":1,"y":"hen"}"#).label == 0)
    #expect(read(#"{"y":"lost","a":"wrong"}"#).outcome == .rejected(.wrongType, field: "a"))
    #expect(read(#"{"y":"lost","a":1"#).outcome == .rejected(.malformed, field: nil))
    #expect(read(#"{"y":7,"a":1}"#).label == 1)
    #expect(read(#"{"y":true,"a":1}"#).label == 2)
    #expect(read(#"{"y":"first","y":"last","a":1}"#).label == 3)
    #expect(read(#"{"y":"7","a":1}"#).label == 1)
    #expect(read(#"{"y":null,"a":1}"#).label.isNaN)
    #expect(read(#"{"y":"cafe\u0301","a":1}"#).label == 4)
    #expect(read(#"{"y":"café","a":1}"#).label == 4)
    let names = read.decoder.takeFoundClasses()
    #expect(names == ["hen", "7", "true", "last", "café"])
    #expect(read.decoder.takeFoundClasses().isEmpty)
  }

  @Test("no more than the bound, none empty and none longer than 256 bytes; what is known goes on")
  func bounds() {
    let read = Reader(strangers: 100)
    for number in 0..<100 { #expect(read(#"{"y":"c\#(number)","a":1}"#).label == Float(number)) }
    #expect(read(#"{"y":"more","a":1}"#).outcome == .rejected(.badLabel, field: "y"))
    #expect(read(#"{"y":"c42","a":1}"#).label == 42)
    let none = [
      "", String(repeating: "x", count: 257), "a\\u0001", "\u{7f}", "\\u0085b", "\u{2028}", "\u{FEFF}", "\u{FFFF}",
    ]
    for text in none {
      #expect(Reader(strangers: 9)(#"{"y":"\#(text)","a":1}"#).outcome == .rejected(.badLabel, field: "y"))
    }
  }

  @Test("what others have found is known, and once no more may come a flood takes no class its number")
  func known() {
    let read = Reader(strangers: 5)
    #expect(read(#"{"y":"own","a":1}"#).label == 0)
    read.decoder.know(classes: ["own", "é", "late"], isAll: true)
    #expect(read.decoder.takeFoundClasses() == ["own", "é", "late"])
    for number in 0..<20 {
      #expect(read(#"{"y":"junk \#(number)","a":1}"#).outcome == .rejected(.badLabel, field: "y"))
      #expect(read.decoder.rejectedValue == #""junk \#(number)""#)
    }
    #expect(read(#"{"y":"late","a":1}"#).label == 2 && read(#"{"y":"é","a":1}"#).label == 1)
    #expect(read.decoder.takeFoundClasses().isEmpty)
  }

  @Test(
    "where others are kept, the record costs nothing else and says that its class is another", arguments: [false, true])
  func others(byTokens: Bool) {
    let read = Reader(strangers: 2, way: RecordDecoder.Way(byTokens: byTokens))
    read.decoder.keepOtherClasses()
    #expect(read(#"{"y":"own","a":1}"#).label == 0)
    read.decoder.know(classes: ["late"], isAll: true)
    #expect(read(#"{"y":"junk","a":1}"#) == (.example, RecordDecoder.otherClass))
    #expect(read(#"{"y":"late","a":1}"#).label == 1)
    #expect(read(#"{"y":"","a":1}"#).outcome == .rejected(.badLabel, field: "y"))
    #expect(read.decoder.takeFoundClasses() == ["own", "late"])
  }
}
