using System;
using System.Collections.Generic;
using System.Management.Automation.Language;
using System.Text.Json;

namespace MM;

/// <summary>What the parser says of a script; mm.Facts in Go.</summary>
sealed class Facts
{
    public readonly List<CommandFact> Commands = new();
    public readonly List<string> Dynamic = new(), Types = new(), Members = new(), Assigns = new(), Redirects = new();
    readonly List<ParseError> issues = new();
    public string TooComplex = "";

    const int MaxIssues = 20;

    public static Facts Of(string script, Resolver resolver)
    {
        var facts = new Facts();
        ScriptBlockAst tree = Parser.ParseInput(script.TrimStart('\uFEFF'), out _, out ParseError[] errors);
        foreach (ParseError error in errors)
        {
            if (error.ErrorId == "ScriptTooComplicated") facts.TooComplex = error.Message;
            if (facts.issues.Count < MaxIssues) facts.issues.Add(error);
        }
        // What cannot be parsed does not run, so only what can be is looked at.
        if (tree != null && errors.Length == 0) tree.Visit(new FactFinder(facts, script, resolver));
        return facts;
    }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        if (Commands.Count > 0)
        {
            json.WriteStartArray("commands");
            foreach (CommandFact command in Commands) command.Write(json);
            json.WriteEndArray();
        }
        Write(json, "dynamic", Dynamic);
        Write(json, "types", Types);
        Write(json, "members", Members);
        Write(json, "assigns", Assigns);
        Write(json, "redirects", Redirects);
        if (issues.Count > 0)
        {
            json.WriteStartArray("parse_errors");
            foreach (ParseError issue in issues)
            {
                json.WriteStartObject();
                json.WriteString("message", Text.Cut(issue.Message, 1000));
                json.WriteString("id", issue.ErrorId);
                json.WriteNumber("line", issue.Extent.StartLineNumber);
                json.WriteNumber("column", issue.Extent.StartColumnNumber);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        if (TooComplex.Length > 0) json.WriteString("too_complex", TooComplex);
        json.WriteEndObject();
    }

    static void Write(Utf8JsonWriter json, string name, List<string> list)
    {
        if (list.Count == 0) return;
        json.WriteStartArray(name);
        foreach (string text in list) json.WriteStringValue(text);
        json.WriteEndArray();
    }
}

/// <summary>One command in a script; mm.CommandFact in Go.</summary>
sealed class CommandFact
{
    public string Name = "", Resolved = "", Kind = "unknown", Module = "";
    public readonly List<(string Name, Argument Argument)> Parameters = new();
    public readonly List<Argument> Arguments = new();
    public bool Splatted;
    public int Line, Column;

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("name", Name);
        if (Resolved.Length > 0) json.WriteString("resolved", Resolved);
        json.WriteString("kind", Kind);
        if (Module.Length > 0) json.WriteString("module", Module);
        if (Parameters.Count > 0)
        {
            json.WriteStartArray("parameters");
            foreach ((string name, Argument argument) in Parameters)
            {
                json.WriteStartObject();
                json.WriteString("name", name);
                json.WritePropertyName("argument");
                argument.Write(json);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        if (Arguments.Count > 0)
        {
            json.WriteStartArray("arguments");
            foreach (Argument argument in Arguments) argument.Write(json);
            json.WriteEndArray();
        }
        if (Splatted) json.WriteBoolean("splatted", true);
        json.WriteNumber("line", Line);
        json.WriteNumber("column", Column);
        json.WriteEndObject();
    }
}

/// <summary>An argument's constant text, or that it is decided at run time.</summary>
readonly record struct Argument(string Text, bool Dynamic)
{
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        if (!string.IsNullOrEmpty(Text)) json.WriteString("text", Text);
        if (Dynamic) json.WriteBoolean("dynamic", true);
        json.WriteEndObject();
    }
}
