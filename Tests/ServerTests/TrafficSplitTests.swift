import Foundation
import HTTP
import Registry
import Server
import Testing
import Vocabulary

@Suite("The canary's part of the traffic")
struct TrafficSplitTests {
  private static let seed: UInt64 = 20_261
  private static let weight = #"{"name":"weight","datatype":"FP32","shape":[1],"data":[1]}"#

  private func place(_ key: String, _ split: TrafficSplit) -> Double {
    Array(key.utf8).withUnsafeBytes { split.place(of: $0) }
  }

  /// Answers of one request each: who gave it.
  private func desk(share: Double, canary: EchoScorer = EchoScorer(answer: 2)) -> Desk {
    let desk = Desk()
    desk.put(stable: (1, EchoScorer(answer: 1)), canary: (2, canary), share: share)
    return desk
  }

  private func ask(_ desk: Desk, _ rest: String = "", key: String? = nil, version: String? = nil) -> HTTPResponse {
    let body = Array(#"{\#(rest)"inputs":[\#(Self.weight)]}"#.utf8)
    return Array("/v2/models/flights/infer".utf8).withUnsafeBytes { path in
      body.withUnsafeBytes { body in
        desk.answering.answer(ServerQuestion(method: .post, path: path, body: body, key: key, version: version))
      }
    }
  }

  private func isCanary(_ response: HTTPResponse) -> Bool {
    let isCanary = response.text.contains(#""parameters":{"canary":true}"#)
    #expect(response.status == 200)
    #expect(response.text.contains(isCanary ? #""model_version":"2""# : #""model_version":"1""#))
    #expect(response.text.contains(isCanary ? "[2.0]" : "[1.0]"))
    return isCanary
  }

  @Test("a key's place never changes: these are written down")
  func fixedPlaces() {
    let split = TrafficSplit(pipeline: "flights")
    let places = ["", "a", "user-1", "user-2", "ключ"].map { place($0, split) }
    #expect(places == Self.written, "\(places)")
  }

  private static let written = [
    0.23511457651301815, 0.5467014567752475, 0.7880619431877516, 0.9389508569210029, 0.7522523310055059,
  ]

  @Test("keys lie evenly, in every pipeline elsewhere")
  func even() {
    var random = SplitMix64(seed: Self.seed)
    let one = TrafficSplit(pipeline: "flights")
    let other = TrafficSplit(pipeline: "trains")
    let count = 100_000
    var tenths = [Int](repeating: 0, count: 10)
    var both = 0
    for number in 0..<count {
      let key = "user-\(number)-\(random.next() % 1000)"
      let (first, second) = (place(key, one), place(key, other))
      #expect(first >= 0 && first < 1)
      tenths[Int(first * 10)] += 1
      if first < 0.5, second < 0.5 { both += 1 }
    }
    // Five deviations of a binomial count.
    for tenth in tenths { #expect(abs(Double(tenth) - 10_000) < 5 * (100_000 * 0.1 * 0.9).squareRoot(), "\(tenths)") }
    #expect(abs(Double(both) - 25_000) < 5 * (100_000 * 0.25 * 0.75).squareRoot(), "\(both), seed \(Self.seed)")
  }

  @Test("requests without a key are spread evenly over any stretch of them", arguments: [0.01, 0.1, 0.5, 0.93])
  func keyless(share: Double) {
    let split = TrafficSplit(pipeline: "flights")
    for start in [UInt64(0), 1_000_003] {
      let taken = (start..<start + 1000).count { split.place(ofRequest: $0) < share }
      #expect(abs(Double(taken) - 1000 * share) <= 3, "\(taken)")
    }
  }

  @Test("at the same share a key stays where it is, and a larger share only leads to the canary")
  func sticky() {
    let keys = (0..<300).map { "user-\($0)" }
    var before: Set<String> = []
    for share in [0, 0.001, 0.01, 0.1, 0.25, 0.5, 0.9, 1] {
      let desk = desk(share: share)
      let canaries = Set(keys.filter { isCanary(ask(desk, #""parameters":{"key":"\#($0)"},"#)) })
      #expect(canaries.isSuperset(of: before))
      for key in keys.shuffled() {
        #expect(isCanary(ask(desk, #""parameters":{"key":"\#(key)"},"#)) == canaries.contains(key))
      }
      before = canaries
      if share == 0 { #expect(canaries.isEmpty) }
    }
    #expect(before.count == keys.count)
  }

  @Test("the body's key comes before the header's, that before the id, and a request without any is counted")
  func whichKey() throws {
    let split = TrafficSplit(pipeline: "flights")
    let desk = desk(share: 0.5)
    let low = try #require((0..<100).map { "k\($0)" }.first { place($0, split) < 0.5 })
    let high = try #require((0..<100).map { "k\($0)" }.first { place($0, split) >= 0.5 })
    for _ in 0..<3 {
      #expect(isCanary(ask(desk, #""id":"\#(high)","parameters":{"key":"\#(low)"},"#, key: high)))
      #expect(!isCanary(ask(desk, #""parameters":{"key":"\#(high)"},"#, key: low)))
      #expect(ask(desk, #""id":"\#(high)","#, key: low).text.contains(#""canary":true"#))
      #expect(!ask(desk, #""id":"\#(high)","#).text.contains(#""canary":true"#))
      #expect(ask(desk, #""id":"\#(low)","#).text.contains(#""canary":true"#))
    }
    let answers = (0..<200).map { _ in isCanary(ask(desk)) }
    #expect(abs(answers.count { $0 } - 100) <= 3)
    #expect(ask(desk, #""parameters":{"key":17},"#).status == 200)
    for wrong in [#"{"key":[]}"#, #"{"key":"a","key":"b"}"#, #"{"key":"\#(String(repeating: "k", count: 1025))"}"#] {
      #expect(ask(desk, #""parameters":\#(wrong),"#).status == 400)
    }
  }

  @Test("what a canary cannot answer the stable version answers")
  func failingCanary() {
    let desk = desk(share: 1, canary: EchoScorer(answer: .nan))
    #expect(!isCanary(ask(desk)))
    #expect(desk.state.outputs[2]?.nonFinite == 1)
    // What is wrong with the request is wrong with both.
    #expect(ask(desk, #""outputs":[{"name":"nothing"}],"#).status == 400)
  }

  @Test("a version by its number: in the path or the header; what is not loaded is not found, with what is")
  func byNumber() {
    let desk = Desk()
    desk.put(
      stable: (4, EchoScorer(answer: 4)), canary: (5, EchoScorer(answer: 5)), share: 0,
      warm: [(3, EchoScorer(answer: 3))])
    let body = Array(#"{"inputs":[\#(Self.weight)]}"#.utf8)
    for number in 3...5 {
      let reply = desk.answer(.post, "/v2/models/flights/versions/\(number)/infer", body)
      #expect(reply.text.contains(#""model_version":"\#(number)""#) && reply.text.contains("[\(number).0]"))
      #expect(reply.text.contains("canary") == (number == 5))
      #expect(ask(desk, version: String(number)).text == reply.text)
    }
    for wrong in ["2", "x", "04", ""] {
      let reply = ask(desk, version: wrong)
      #expect(reply.status == 404)
      #expect(reply.text.contains("is not loaded; 4 (stable), 5 (canary), 3 are"), "\(reply.text)")
    }
    let versions = desk.ask(.get, "/v2/models/flights").text
    #expect(versions.contains(#""versions":["4","5","3"]"#), "\(versions)")
    #expect(desk.ask(.post, "/v2/repository/index").text.components(separatedBy: "READY").count == 4)
    let path = Array("/v2/models/flights/versions/3/infer".utf8)
    let both = path.withUnsafeBytes { path in
      body.withUnsafeBytes { body in
        desk.answering.answer(ServerQuestion(method: .post, path: path, body: body, version: "4")).status
      }
    }
    #expect(both == 400)
  }
}
