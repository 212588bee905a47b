using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Management.Automation.Language;
using System.Runtime.CompilerServices;

namespace MM;

/// <summary>Walks a script's tree and notes what a guard wants to know. It stops at its limits, and says so.</summary>
sealed class FactFinder : AstVisitor2
{
    const int MaxNodes = 50_000, MaxCommands = 2000, MaxNotes = 200, MaxExcerpt = 60;
    const int MaxMilliseconds = 2000;

    readonly Facts facts;
    readonly string script;
    readonly Resolver resolver;
    readonly Stopwatch clock = Stopwatch.StartNew();
    int nodes;

    public FactFinder(Facts facts, string script, Resolver resolver)
    {
        this.facts = facts;
        this.script = script.TrimStart('\uFEFF');
        this.resolver = resolver;
    }

    /// <summary>Comes for every node that has no method below; those call it first.</summary>
    public override AstVisitAction DefaultVisit(Ast ast)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        if (++nodes > MaxNodes) return TooComplex("the script has more than 50,000 parts");
        if ((nodes & 255) == 0 && clock.ElapsedMilliseconds > MaxMilliseconds) return TooComplex("the analysis took too long");
        return AstVisitAction.Continue;
    }

    AstVisitAction TooComplex(string why)
    {
        facts.TooComplex = why;
        return AstVisitAction.StopVisit;
    }

    public override AstVisitAction VisitCommand(CommandAst ast)
    {
        if (facts.Commands.Count >= MaxCommands) return TooComplex("the script has more than 2,000 commands");
        Command(ast);
        return DefaultVisit(ast);
    }

    public override AstVisitAction VisitFunctionDefinition(FunctionDefinitionAst ast)
    {
        Note(facts.Assigns, "function:" + Scopeless(ast.Name));
        return DefaultVisit(ast);
    }

    public override AstVisitAction VisitAssignmentStatement(AssignmentStatementAst ast)
    {
        Ast left = ast.Left;
        while (left is AttributedExpressionAst typed) left = typed.Child;
        if (left is VariableExpressionAst { VariablePath.IsDriveQualified: true } variable) Assigned(variable.VariablePath.UserPath);
        return DefaultVisit(ast);
    }

    public override AstVisitAction VisitTypeExpression(TypeExpressionAst ast)
    {
        Note(facts.Types, ast.TypeName.FullName);
        return DefaultVisit(ast);
    }

    public override AstVisitAction VisitTypeConstraint(TypeConstraintAst ast)
    {
        Note(facts.Types, ast.TypeName.FullName);
        return DefaultVisit(ast);
    }

    public override AstVisitAction VisitInvokeMemberExpression(InvokeMemberExpressionAst ast)
    {
        string member = Constant.String(ast.Member);
        if (member == null)
        {
            Note(facts.Dynamic, "." + Excerpt(ast.Member) + "(");
            return DefaultVisit(ast);
        }
        Note(facts.Members, member);
        switch (member.ToLowerInvariant())
        {
            case "invoke":
            case "invokereturnasis":
            case "invokewithcontext":
            case "invokescript":
            case "addscript":
            case "expandstring":
                Note(facts.Dynamic, "." + member + "(");
                break;
            case "create" when ast.Expression is TypeExpressionAst type && IsScriptBlock(type.TypeName.FullName):
                Note(facts.Dynamic, "[scriptblock]::Create");
                break;
            case "newscriptblock":
                Note(facts.Dynamic, ".NewScriptBlock(");
                break;
        }
        return DefaultVisit(ast);
    }

    static bool IsScriptBlock(string type) => type.Equals("scriptblock", StringComparison.OrdinalIgnoreCase) ||
        type.EndsWith("Automation.ScriptBlock", StringComparison.OrdinalIgnoreCase);

    public override AstVisitAction VisitFileRedirection(FileRedirectionAst ast)
    {
        Note(facts.Redirects, Constant.String(ast.Location) ?? Excerpt(ast.Location));
        return DefaultVisit(ast);
    }

    void Command(CommandAst ast)
    {
        Ast first = ast.CommandElements[0];
        if (first is ScriptBlockExpressionAst) return; // & { … }: its commands are visited
        string name = Constant.String(first);
        if (name == null)
        {
            Note(facts.Dynamic, (ast.InvocationOperator == TokenKind.Dot ? ". " : "& ") + Excerpt(first));
            return;
        }
        var fact = new CommandFact { Name = Dashes(name), Line = first.Extent.StartLineNumber, Column = first.Extent.StartColumnNumber };
        Resolved resolved = resolver.Find(fact.Name);
        fact.Resolved = resolved.Name;
        fact.Kind = resolved.Kind;
        fact.Module = resolved.Module;
        Elements(ast, fact, resolved);
        facts.Commands.Add(fact);
        Hidden(fact);
    }

    /// <summary>Sorts a command's elements into parameters and arguments, as far as can be told without binding them.</summary>
    void Elements(CommandAst ast, CommandFact fact, Resolved resolved)
    {
        IReadOnlyList<CommandElementAst> elements = ast.CommandElements;
        for (int i = 1; i < elements.Count; i++)
        {
            switch (elements[i])
            {
                case CommandParameterAst parameter:
                    Argument argument = default;
                    if (parameter.Argument != null) argument = Constant.Of(parameter.Argument);
                    else if (i + 1 < elements.Count && elements[i + 1] is not CommandParameterAst &&
                        !IsSplat(elements[i + 1]) && !resolved.IsSwitch(parameter.ParameterName))
                        argument = Constant.Of(elements[++i]);
                    fact.Parameters.Add((parameter.ParameterName, argument));
                    break;
                case VariableExpressionAst { Splatted: true } splat:
                    fact.Splatted = true;
                    Note(facts.Dynamic, "splat " + Excerpt(splat));
                    break;
                default:
                    fact.Arguments.Add(Constant.Of(elements[i]));
                    break;
            }
        }
    }

    static bool IsSplat(Ast ast) => ast is VariableExpressionAst { Splatted: true };

    /// <summary>Notes commands that run what is not seen here, or that change what names mean.</summary>
    void Hidden(CommandFact fact)
    {
        string command = (fact.Resolved.Length > 0 ? fact.Resolved : fact.Name).ToLowerInvariant();
        command = command.Substring(command.LastIndexOfAny(new[] { '\\', '/' }) + 1);
        switch (command)
        {
            case "invoke-expression":
                Note(facts.Dynamic, "Invoke-Expression");
                break;
            case "pwsh" or "pwsh.exe" or "powershell" or "powershell.exe":
                foreach ((string parameter, Argument _) in fact.Parameters)
                    if (parameter.StartsWith("e", StringComparison.OrdinalIgnoreCase)) Note(facts.Dynamic, "-EncodedCommand");
                break;
            case "set-alias" or "new-alias":
                string alias = Named(fact, "name");
                Note(facts.Assigns, "alias:" + (alias ?? "*"));
                break;
        }
        foreach ((string _, Argument argument) in fact.Parameters) Assigned(argument.Text);
        foreach (Argument argument in fact.Arguments) Assigned(argument.Text);
    }

    /// <summary>The argument of a parameter by its name, or the first positional one.</summary>
    static string Named(CommandFact fact, string parameter)
    {
        foreach ((string name, Argument argument) in fact.Parameters)
            if (name.Length > 0 && parameter.StartsWith(name, StringComparison.OrdinalIgnoreCase))
                return argument.Dynamic ? null : argument.Text;
        return fact.Arguments.Count > 0 && !fact.Arguments[0].Dynamic ? fact.Arguments[0].Text : null;
    }

    /// <summary>Notes a path on the drives of functions and aliases.</summary>
    void Assigned(string path)
    {
        if (string.IsNullOrEmpty(path)) return;
        int provider = path.IndexOf("::", StringComparison.Ordinal);
        if (provider >= 0)
        {
            string before = path.Substring(path.LastIndexOf('\\', provider) + 1, provider - path.LastIndexOf('\\', provider) - 1);
            path = before + ":" + path.Substring(provider + 2);
        }
        foreach (string drive in new[] { "function:", "alias:" })
            if (path.StartsWith(drive, StringComparison.OrdinalIgnoreCase))
                Note(facts.Assigns, drive + Scopeless(path.Substring(drive.Length).TrimStart('/', '\\')));
    }

    /// <summary>The name without its scope: global:f is f.</summary>
    static string Scopeless(string name) => name.Substring(name.IndexOf(':') + 1);

    /// <summary>PowerShell takes every kind of dash for a hyphen.</summary>
    static string Dashes(string name) => name.Replace('\u2013', '-').Replace('\u2014', '-').Replace('\u2015', '-');

    /// <summary>The beginning of an expression as written, for people.</summary>
    string Excerpt(Ast ast)
    {
        int start = ast.Extent.StartOffset, length = ast.Extent.EndOffset - start;
        return length <= MaxExcerpt ? script.Substring(start, length) : Text.Cut(script.Substring(start, MaxExcerpt), MaxExcerpt) + "…";
    }

    static void Note(List<string> list, string note)
    {
        note = Text.Cut(note, 1000);
        if (list.Count < MaxNotes && !list.Contains(note)) list.Add(note);
    }
}
