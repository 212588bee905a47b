// Package directory is the data of the sandbox: three tenants of fictitious people, the same in every run, and the apps that
// are registered there. It has values and no behaviour; the stand-ins that show them are its siblings.
package directory
