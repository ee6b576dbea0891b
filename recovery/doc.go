// Package recovery says how to undo a statement from its receipt in the audit log: the
// settings with which PostgreSQL's point-in-time recovery stops in front of it, and the
// SQL that puts copied rows back.
//
//	audit log ──FindReceipt──▶ event, transaction ──New──▶ Plan: targets, SQL
//
// It reads nothing and asks no server: at three in the morning the log may be all there is.
package recovery
