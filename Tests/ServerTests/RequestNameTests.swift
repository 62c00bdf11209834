import HTTP
import Server
import Testing

@Suite("Names in requests")
struct RequestNameTests {
  /// Texts for which Swift's own comparing takes the square of their length.
  static let marks = "a" + String(repeating: "\u{301}", count: 400_000) + String(repeating: "\u{316}", count: 400_000)
  static let long = String(repeating: "m", count: 4_000_000)

  private func infer(
    id: String = "1", name: String = "weight", type: String = "FP32", output: String = "probability", key: String = "x"
  ) -> (status: Int, text: String) {
    let desk = Desk()
    desk.put(3)
    let inputs =
      "[{\"" + key + "\":1,\"name\":\"" + name + "\",\"datatype\":\"" + type + "\",\"shape\":[1],\"data\":[1]}]"
    return desk.infer(
      "{\"" + key + "\":1,\"id\":\"" + id + "\",\"inputs\":" + inputs + ",\"outputs\":[{\"name\":\"" + output
        + "\",\"parameters\":{\"" + key + "\":1}}],\"parameters\":{\"" + key + "\":1}}")
  }

  @Test("an id goes back where it is short")
  func ids() {
    let (status, text) = infer(id: String(repeating: "i", count: 1024))
    #expect(status == 200 && text.utf8.count > 1024)
    for id in [String(repeating: "i", count: 1025), Self.long, Self.marks] {
      let (status, text) = infer(id: id)
      #expect(status == 400 && text.utf8.count < 200, "\(text)")
      #expect(text.contains("“id” is longer than 1024 bytes"), "\(text)")
    }
  }

  @Test("names and datatypes of any length are refused shortly", arguments: ["name", "datatype"])
  func names(what: String) {
    let rows = "a" + String(repeating: "\u{301}", count: 31)
    for text in [
      Self.long, Self.marks, rows, String(repeating: #"\u0301"#, count: 31), String(repeating: "m", count: 1025),
    ] {
      for reply in what == "name" ? [infer(name: text), infer(output: text)] : [infer(type: text)] {
        #expect(reply.status == 400 && reply.text.utf8.count < 200, "\(reply.text)")
        #expect(
          reply.text.contains("“\(what)” is longer than 1024 bytes, or has more than 30 combining marks in a row"))
      }
    }
  }

  @Test("a message names what is unknown by its first 64 characters")
  func quotes() {
    let text = String(repeating: "n", count: 1000)
    let cut = "“\(String(repeating: "n", count: 64))…”"
    #expect(infer(name: text).text.contains("no input \(cut), only"))
    #expect(infer(output: text).text.contains("no output \(cut), only"))
    #expect(infer(type: text).text.contains("the unknown datatype \(cut), not one of"))
    let desk = Desk()
    desk.put(3)
    #expect(desk.ask(.get, "/v2/models/\(text)").text.contains("no model \(cut), only"))
    #expect(desk.ask(.get, "/v2/models/flights/versions/\(text)").text.contains("version \(cut) of"))
    #expect(desk.ask(.get, "/\(text)").text.contains("nothing is at “/\(String(repeating: "n", count: 63))…”"))
    let coded = desk.answer(.post, "/v2/models/flights/infer", [1], coding: text)
    #expect(coded.status == 415 && coded.text.contains("the body's coding \(cut) is not"))
    let divided = desk.answer(.post, "/v2/models/flights/infer", [1], headerLength: text)
    #expect(divided.status == 400 && divided.text.contains("is \(cut), the body"))
  }

  @Test("a member that means nothing is passed over, whatever it is called")
  func members() {
    for key in [Self.long, Self.marks, ""] { #expect(infer(key: key).status == 200) }
  }

  @Test("a path or a coding of any text is refused shortly")
  func paths() {
    let desk = Desk()
    desk.put(3)
    for path in ["/v2/models/" + Self.marks, "/" + Self.marks + "/ready"] {
      let (status, text) = desk.ask(.get, path)
      #expect(status == 404 && text.utf8.count < 300, "\(text)")
    }
    #expect(desk.answer(.post, "/v2/models/flights/infer", [1], coding: Self.marks).status == 415)
  }

  @Test("two codings, or two lengths of the JSON, are none that is understood")
  func several() {
    let desk = Desk()
    desk.put(3)
    #expect(desk.answer(.post, "/v2/models/flights/infer", [1], coding: "gzip, gzip").status == 415)
    #expect(desk.answer(.post, "/v2/models/flights/infer", [1], headerLength: "1, 1").status == 400)
  }
}
