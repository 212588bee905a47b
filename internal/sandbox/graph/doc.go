// Package graph is a stand-in for Microsoft Graph, v1.0 and beta, over the sandbox's tenants: mail with folders and drafts,
// calendars, drives, sites with lists, groups, teams and chats. It answers in Graph's shapes, with its noise, and refuses what
// Graph refuses: wrong tokens, missing scopes, stale ETags, queries that it does not understand.
//
// What is sent (mail, invitations, messages) goes nowhere: it is recorded, see Server.Sent. What is changed is kept in memory,
// bounded, until the sandbox ends. The list /sites/root/lists/archive/items has 100,000 items, which are made when they are read.
package graph
