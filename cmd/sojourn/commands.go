package main

// commands are listed by hand, in the order in which help shows them.
var commands = []command{}
