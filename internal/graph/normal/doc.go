// Package normal brings a graph request into the one form in which it is judged and sent. It is pure: it knows no clock, no
// network and no file.
//
// Normalise turns an mm.GraphRequest into an mm.GraphCall, or says why it is refused. URL, Headers and Body of the call are
// what is sent, byte for byte. Path is what a guard compares: however a request is spelled, if the service takes two
// spellings for the same request, their Paths are equal.
//
//   - It is decoded until nothing is left to decode, in lower case, without a slash at either end and without the version:
//     me/messages/aaa/send.
//   - Keys in parentheses are segments: users('a') and applications(appId='a') are users/a and applications/a.
//   - Casts are left out, namespaces cut off: me/messages/a/microsoft.graph.eventMessage/accept is me/messages/a/accept,
//     me/microsoft.graph.sendMail is me/sendmail.
//   - The name of a file or site between colons is data and shown as one segment ":", in the place of an id:
//     /me/drive/root:/reports/invite:/content is me/drive/root/:/content.
//
// Normalising what came out gives the same again (Request makes the request of a call), and the host is always that of the
// connection's cloud. Sources: RFC 3986; OData 4.01, part 2, URL conventions; Microsoft's pages on JSON batching, on addressing
// drive items by path and on advanced queries.
package normal
