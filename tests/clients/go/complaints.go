package main

import "log"

// complaints is the client's logger: warnings and errors on standard error, nothing else.
type complaints struct{}

func (complaints) Debug(...any)          {}
func (complaints) Debugf(string, ...any) {}
func (complaints) Info(...any)           {}
func (complaints) Infof(string, ...any)  {}

func (complaints) Warn(values ...any) {
	log.Println(append([]any{"warning:"}, values...)...)
}

func (complaints) Warnf(format string, values ...any) {
	log.Printf("warning: "+format, values...)
}

func (complaints) Error(values ...any) {
	log.Println(append([]any{"error:"}, values...)...)
}

func (complaints) Errorf(format string, values ...any) {
	log.Printf("error: "+format, values...)
}
